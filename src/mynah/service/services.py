"""What a server consists of, whatever protocol a call comes by."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Self, cast

from fastapi import Depends
from sqlalchemy import Engine, text
from starlette.requests import HTTPConnection

from mynah.config import Settings
from mynah.engine.queue import SpeechQueue
from mynah.errors import OptionError
from mynah.service.cache import SpeechCache
from mynah.service.cache_stores import open_store
from mynah.service.idempotency_records import FirstAnswers
from mynah.service.keys import Keys
from mynah.service.limits import LimitRules, Limits
from mynah.service.metrics import Metrics
from mynah.service.model_version import model_version
from mynah.service.records import open_records
from mynah.service.screen import Mode, Screen
from mynah.service.speech import SpeechDesk
from mynah.service.storage import FolderStorage
from mynah.service.stored_audio import AudioStore
from mynah.service.uploads import UploadRules
from mynah.service.voices import Voices
from mynah.service.word_lists import WordLists

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider


@dataclass(frozen=True, slots=True, eq=False)
class Services:
    """Everything that a call may need; made once a process.

    Attributes:
        settings: of the server.
        records: the database.
        queue: the engine.
        keys: who may call.
        limits: how much.
        first_answers: what writes were answered, for those who ask again.
        voices: whom callers speak with.
        uploads: what recordings may be.
        stored: speech that callers asked to be kept.
        speech: from an order to audio.
        metrics: what Prometheus reads.
        traces: where spans go; None if nobody traces.
    """

    settings: Settings
    records: Engine
    queue: SpeechQueue
    keys: Keys
    limits: Limits
    first_answers: FirstAnswers
    voices: Voices
    uploads: UploadRules
    stored: AudioStore
    speech: SpeechDesk
    metrics: Metrics
    traces: "TracerProvider | None"

    @classmethod
    def open(cls, settings: Settings, queue: SpeechQueue) -> Self:
        """Opens database and storage."""
        records = open_records(settings.database)
        metrics = Metrics(queue)
        storage = FolderStorage(settings.data / "audio")
        voices = Voices(records, storage)
        limits = _limits(settings)
        return cls(
            settings=settings,
            records=records,
            queue=queue,
            keys=Keys(records),
            limits=limits,
            first_answers=FirstAnswers(records),
            voices=voices,
            uploads=UploadRules(
                settings.upload_kinds, settings.upload_bytes, settings.upload_seconds
            ),
            stored=AudioStore(records, storage, settings.stored_seconds, settings.stored_bytes),
            speech=SpeechDesk(voices, queue, metrics, limits, _screen(settings), _cache(settings)),
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
        self.records.dispose()


def _traces(url: str) -> "TracerProvider | None":
    if not url:
        return None
    try:
        from mynah.service.tracing import open_traces  # noqa: PLC0415 - an extra
    except ImportError:
        raise OptionError(
            "MYNAH_TRACES_URL needs OpenTelemetry; run `pip install 'mynah[tracing]'`."
        ) from None
    return open_traces(url)


def _limits(settings: Settings) -> Limits:
    rules = LimitRules(settings.limit_requests, settings.limit_characters, settings.limit_streams)
    return Limits(rules, settings.limits_url)


def _screen(settings: Settings) -> Screen | None:
    if settings.screen_words is None:
        return None
    return Screen(WordLists(settings.screen_words), Mode(settings.screen_mode))


def _cache(settings: Settings) -> SpeechCache | None:
    if not settings.cache_bytes:
        return None
    store = open_store(settings.cache_url, settings.cache_bytes, settings.cache_seconds)
    return SpeechCache(store, model_version(settings.model))


def _services(connection: HTTPConnection) -> Services:
    return cast(Services, connection.app.state.services)


ServicesOf = Annotated[Services, Depends(_services)]
"""What an endpoint writes to be given the services of its app."""
