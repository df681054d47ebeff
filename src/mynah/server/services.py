"""Services of a server, for every protocol."""

from typing import TYPE_CHECKING

from sqlalchemy import text

from mynah.config import Settings
from mynah.engine.engine import Engine
from mynah.errors import OptionError, UnavailableError
from mynah.runtime.fair_executor import FairExecutor
from mynah.server.access.authentication import Authenticator
from mynah.server.access.idempotency import IdempotencyStore
from mynah.server.access.limits import LimitRules, Limits
from mynah.server.access.open_calls import OpenCalls
from mynah.server.access.owner_bounds import OwnerBound
from mynah.server.access.screen import Mode, Screen
from mynah.server.access.word_lists import WordLists
from mynah.server.metrics import Metrics
from mynah.server.speech.cache import SpeechCache
from mynah.server.speech.outcome_tracking import OutcomeTracker
from mynah.server.speech.service import SpeechService
from mynah.server.speech.stored_audio import AudioStore
from mynah.server.stores import Stores
from mynah.server.versions.auto_rollback import AutoRollback, RollbackRules
from mynah.server.versions.export import Exports
from mynah.server.versions.outcomes import Outcomes
from mynah.server.versions.rollout import Rollouts
from mynah.server.versions.router import VersionRouter
from mynah.server.voices.aliases import VoiceAliases
from mynah.server.voices.fetch import FetchRules
from mynah.server.voices.resolver import VoiceResolver
from mynah.server.voices.uploads import UploadRules
from mynah.server.webhooks.deliveries import Deliveries, RetryRules
from mynah.server.webhooks.secrets import WebhookSecrets
from mynah.storage.data_folder import check_room
from mynah.storage.invalidation import watch_changes
from mynah.storage.result_cache import open_store

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider


class Services:
    """The services of a server, for every protocol; opened once a process."""

    def __init__(self, stores: Stores, engine: Engine) -> None:
        settings, records = stores.settings, stores.records
        self.stores = stores
        self.engine = engine
        self.metrics = metrics = Metrics(engine, name_voices=settings.metrics_voices)
        self.texts = FairExecutor("texts", settings.text_threads)
        self.changes = watch_changes(records)
        self.limits = _limits(settings)
        self.authenticator = Authenticator(
            stores.keys, self.changes, self.limits, no_auth=settings.no_auth
        )
        self.sockets = OwnerBound("WebSockets", settings.owner_sockets)
        self.contexts = OwnerBound("contexts", settings.owner_contexts)
        self.open_calls = OpenCalls(stores.keys, self.changes)
        self.idempotency = IdempotencyStore(records)
        self.exports = Exports(stores.versions, stores.weights, settings.model)
        self.rollouts = Rollouts(records)
        self.outcomes = Outcomes(records)
        rules = _rollback_rules(settings)
        self.auto_rollback = AutoRollback(self.rollouts, self.outcomes, rules)
        self.webhook_secrets = WebhookSecrets(records)
        self.deliveries = Deliveries(records, _retry_rules(settings))
        self.upload_rules = UploadRules(
            settings.upload_kinds, settings.upload_bytes, settings.upload_seconds
        )
        self.fetch_rules = _fetch_rules(settings)
        self.audio_store = AudioStore(
            records, stores.blobs, settings.stored_seconds, settings.stored_bytes
        )
        self.resolver = VoiceResolver(stores.voices, records)
        aliases = VoiceAliases(settings.voice_aliases, settings.default_voice)
        router = VersionRouter(stores.voices, aliases, self.resolver, self.rollouts, self.changes)
        tracker = OutcomeTracker(self.outcomes, self.auto_rollback, metrics)
        cache = _cache(settings, stores.base_model)
        self.speech = SpeechService(
            router, tracker, engine, metrics, self.limits, _screen(settings), cache, self.texts
        )
        self.traces = _traces(settings.traces_url)

    @property
    def settings(self) -> Settings:
        """Of the server."""
        return self.stores.settings

    def check_ready(self) -> None:
        """Refuse if calls cannot be served now.

        Raises:
            UnavailableError: the engine has ended, the database does not answer, or the disk of the
                data folder is full.
        """
        if not self.engine.alive:
            raise UnavailableError("The engine has ended; restart the server.")
        with self.stores.records.connect() as connection:
            connection.execute(text("SELECT 1"))
        check_room(self.settings.data)

    def close(self) -> None:
        """Close the engine and the stores."""
        self.engine.close()
        self.texts.close()
        self.speech.close()
        if self.traces is not None:
            self.traces.shutdown()
        self.changes.close()
        self.stores.close()


def _traces(url: str) -> "TracerProvider | None":
    if not url:
        return None
    try:
        from mynah.server.tracing import open_traces  # noqa: PLC0415 - an extra
    except ImportError:
        raise OptionError(
            "MYNAH_TRACES_URL needs OpenTelemetry; run `pip install 'mynah[tracing]'`."
        ) from None
    return open_traces(url)


def _fetch_rules(settings: Settings) -> FetchRules:
    return FetchRules(
        settings.fetch_hosts,
        settings.fetch_schemes,
        settings.fetch_networks,
        settings.upload_bytes,
        settings.fetch_seconds,
    )


def _limits(settings: Settings) -> Limits:
    rules = LimitRules(settings.limit_requests, settings.limit_characters, settings.limit_streams)
    return Limits(rules, settings.limits_url)


def _screen(settings: Settings) -> Screen | None:
    if settings.screen_words is None:
        return None
    return Screen(WordLists(settings.screen_words), Mode(settings.screen_mode))


def _cache(settings: Settings, model: str) -> SpeechCache | None:
    if not settings.cache_bytes:
        return None
    store = open_store(settings.cache_url, settings.cache_bytes, settings.cache_seconds)
    return SpeechCache(store, model)


def _rollback_rules(settings: Settings) -> RollbackRules:
    return RollbackRules(settings.guard_answers, settings.guard_errors, settings.guard_similarity)


def _retry_rules(settings: Settings) -> RetryRules:
    claim = 2 * settings.webhook_seconds
    return RetryRules(settings.webhook_pause, settings.webhook_attempts, claim)
