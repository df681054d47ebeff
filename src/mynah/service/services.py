"""What a server consists of, whatever protocol a call comes by."""

from dataclasses import dataclass
from typing import Annotated, Self, cast

from fastapi import Depends
from sqlalchemy import Engine, text
from starlette.requests import HTTPConnection

from mynah.config import Settings
from mynah.engine.queue import SpeechQueue
from mynah.service.keys import Keys
from mynah.service.records import open_records
from mynah.service.speech import SpeechDesk
from mynah.service.storage import FolderStorage
from mynah.service.uploads import UploadRules
from mynah.service.voices import Voices


@dataclass(frozen=True, slots=True, eq=False)
class Services:
    """Everything that a call may need; made once a process.

    Attributes:
        settings: of the server.
        records: the database.
        queue: the engine.
        keys: who may call.
        voices: whom callers speak with.
        uploads: what recordings may be.
        speech: from an order to audio.
    """

    settings: Settings
    records: Engine
    queue: SpeechQueue
    keys: Keys
    voices: Voices
    uploads: UploadRules
    speech: SpeechDesk

    @classmethod
    def open(cls, settings: Settings, queue: SpeechQueue) -> Self:
        """Opens database and storage."""
        records = open_records(settings.database)
        voices = Voices(records, FolderStorage(settings.data / "audio"))
        return cls(
            settings=settings,
            records=records,
            queue=queue,
            keys=Keys(records),
            voices=voices,
            uploads=UploadRules(
                settings.upload_kinds, settings.upload_bytes, settings.upload_seconds
            ),
            speech=SpeechDesk(voices, queue),
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
        self.records.dispose()


def _services(connection: HTTPConnection) -> Services:
    return cast(Services, connection.app.state.services)


ServicesOf = Annotated[Services, Depends(_services)]
"""What an endpoint writes to be given the services of its app."""
