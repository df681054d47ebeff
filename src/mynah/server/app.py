"""What a server consists of, whatever protocol a call comes by."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from sqlalchemy import Engine, text

from mynah.config import Settings
from mynah.engine.folder import model_id
from mynah.engine.local.local_engine import LocalEngine
from mynah.errors import OptionError
from mynah.jobs.events import JobEvents
from mynah.server.access.idempotency import IdempotencyStore
from mynah.server.access.keys import KeyCache, Keys
from mynah.server.access.limits import LimitRules, Limits
from mynah.server.access.screen import Mode, Screen
from mynah.server.access.word_lists import WordLists
from mynah.server.jobs.service import JobService
from mynah.server.jobs.training import TrainingRules, TrainingService
from mynah.server.metrics import Metrics
from mynah.server.speech.cache import SpeechCache
from mynah.server.speech.service import SpeechService
from mynah.server.speech.stored_audio import AudioStore
from mynah.server.stores import open_data, server_policy
from mynah.server.versions.auto_rollback import AutoRollback, RollbackRules
from mynah.server.versions.export import Exports
from mynah.server.versions.outcomes import Outcomes
from mynah.server.versions.rollout import Rollouts
from mynah.server.versions.router import VersionRouter
from mynah.server.versions.store import VersionStore
from mynah.server.voices.fetch import FetchRules
from mynah.server.voices.resolver import VoiceResolver
from mynah.server.voices.store import VoiceStore
from mynah.server.voices.uploads import UploadRules
from mynah.server.webhooks.deliveries import Deliveries, RetryRules
from mynah.server.webhooks.secrets import WebhookSecrets
from mynah.storage.blobs import FileBlobs, FileWeights
from mynah.storage.invalidation import ChangeWatcher, watch_changes
from mynah.storage.result_cache import open_store

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider


@dataclass(frozen=True, slots=True, eq=False)
class Services:
    """Everything that a call may need; made once a process.

    Attributes:
        settings: of the server.
        records: the database.
        queue: the engine.
        changes: tells when they may have to be read again.
        keys: who may call.
        callers: who calls.
        limits: how much.
        first_answers: what writes were answered, for those who ask again.
        voices: whom callers speak with.
        versions: of them.
        exports: of these versions, for other tools.
        rollouts: which of them speak.
        answers: how they do.
        guard: takes back those that do badly.
        jobs, job_events: long work, and what happened to it.
        training: where training is ordered.
        webhook_secrets, deliveries: how callers are told of its end.
        uploads: what recordings may be.
        fetching: from where they may be fetched.
        stored: speech that callers asked to be kept.
        speech: from an order to audio.
        metrics: what Prometheus reads.
        traces: where spans go; None if nobody traces.
    """

    settings: Settings
    records: Engine
    queue: LocalEngine
    changes: ChangeWatcher
    keys: Keys
    callers: KeyCache
    limits: Limits
    first_answers: IdempotencyStore
    voices: VoiceStore
    versions: VersionStore
    exports: Exports
    rollouts: Rollouts
    answers: Outcomes
    guard: AutoRollback
    jobs: JobService
    job_events: JobEvents
    training: TrainingService
    webhook_secrets: WebhookSecrets
    deliveries: Deliveries
    uploads: UploadRules
    fetching: FetchRules
    stored: AudioStore
    speech: SpeechService
    metrics: Metrics
    traces: "TracerProvider | None"

    @classmethod
    def open(cls, settings: Settings, queue: LocalEngine) -> Self:
        """Opens database and storage."""
        records = open_data(settings, server_policy(settings))
        changes, keys = watch_changes(records), Keys(records)
        metrics = Metrics(queue)
        storage, folders = FileBlobs(settings.data / "audio"), FileWeights(settings.versions)
        voices = VoiceStore(records, storage, folders)
        limits = _limits(settings)
        model = model_id(settings.model)
        versions = VersionStore(records, model)
        jobs = JobService(records, settings.jobs_per_key)
        rollouts, answers = Rollouts(records), Outcomes(records)
        guard = AutoRollback(rollouts, answers, _guard_rules(settings))
        speakers = VoiceResolver(voices, records, storage, folders)
        casting = VersionRouter(voices, speakers, rollouts, answers, guard, metrics, changes)
        cache = _cache(settings, model)
        return cls(
            settings=settings,
            records=records,
            queue=queue,
            changes=changes,
            keys=keys,
            callers=KeyCache(keys, changes),
            limits=limits,
            first_answers=IdempotencyStore(records),
            voices=voices,
            versions=versions,
            exports=Exports(versions, folders, settings.model),
            rollouts=rollouts,
            answers=answers,
            guard=guard,
            jobs=jobs,
            job_events=JobEvents(records),
            training=TrainingService(records, storage, jobs, _training_rules(settings)),
            webhook_secrets=WebhookSecrets(records),
            deliveries=Deliveries(records, _retry_rules(settings)),
            uploads=UploadRules(
                settings.upload_kinds, settings.upload_bytes, settings.upload_seconds
            ),
            fetching=_fetching(settings),
            stored=AudioStore(records, storage, settings.stored_seconds, settings.stored_bytes),
            speech=SpeechService(casting, queue, metrics, limits, _screen(settings), cache),
            metrics=metrics,
            traces=_traces(settings.traces_url),
        )

    def ready(self) -> bool:
        """Whether calls can be answered now."""
        if not self.queue.alive:
            return False
        with self.records.connect() as connection:
            connection.execute(text("SELECT 1"))
        return True

    def close(self) -> None:
        """Ends the engine and leaves the database."""
        self.queue.close()
        self.speech.close()
        if self.traces is not None:
            self.traces.shutdown()
        self.changes.close()
        self.records.dispose()


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


def _fetching(settings: Settings) -> FetchRules:
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


def _training_rules(settings: Settings) -> TrainingRules:
    return TrainingRules(settings.train_shortest_seconds, settings.train_longest_seconds)


def _guard_rules(settings: Settings) -> RollbackRules:
    return RollbackRules(settings.guard_answers, settings.guard_errors, settings.guard_similarity)


def _retry_rules(settings: Settings) -> RetryRules:
    claim = 2 * settings.webhook_seconds
    return RetryRules(settings.webhook_pause, settings.webhook_attempts, claim)
