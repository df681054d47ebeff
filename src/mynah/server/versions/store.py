"""Versions of voices: weights, prompts and a report, which never change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select

from mynah.server.errors import VoiceVersionNotFoundError
from mynah.server.voices.store import FIRST_VERSION, VoiceRecord
from mynah.storage.database import now
from mynah.storage.tables import versions

ZERO_SHOT_NUMBER = int(FIRST_VERSION)


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a voice.

    Attributes:
        voice_id: of the voice.
        number: 1 is the zero-shot version, which every voice has.
        base_model: name of the model that was fine-tuned, or that speaks untrained.
        created_at: seconds since 1970.
        job_id: of the training.
        weights: key of its files; empty if it has none of its own.
        parent: the version from which the training started.
        report: on the training data.
        metrics: measured on held-out recordings.
    """

    voice_id: str
    number: int
    base_model: str
    created_at: int
    job_id: str | None = None
    weights: str = ""
    parent: int | None = None
    report: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)


_COLUMNS = [versions.c[field.name] for field in fields(Version)]


class VersionStore:
    """The versions of the voices of a database; `base_model` names the server's model."""

    def __init__(self, records: Engine, base_model: str) -> None:
        self._records = records
        self.base_model = base_model

    def of(self, voice: VoiceRecord) -> Sequence[Version]:
        """All versions of a voice, the oldest first."""
        query = select(*_COLUMNS).where(versions.c.voice_id == voice.id).order_by(versions.c.number)
        with self._records.connect() as connection:
            trained = [Version(**row) for row in connection.execute(query).mappings()]
        return [self._zero_shot(voice), *trained]

    def get(self, voice: VoiceRecord, number: int) -> Version:
        """One version of a voice.

        Raises:
            VoiceVersionNotFoundError: there is no such version.
        """
        found = [version for version in self.of(voice) if version.number == number]
        if not found:
            raise VoiceVersionNotFoundError(
                f"The voice {voice.name:.80} has no version {number}; "
                "GET /v1/voices/{id}/versions lists those that there are."
            )
        return found[0]

    def _zero_shot(self, voice: VoiceRecord) -> Version:
        return Version(voice.id, ZERO_SHOT_NUMBER, self.base_model, voice.created_at)


def add_version(connection: Connection, voice_id: str, **facts: object) -> int:
    """Insert a version in a transaction that holds the voice, and return its number.

    Raises:
        IntegrityError: there is no such voice.
    """
    newest = select(func.max(versions.c.number)).where(versions.c.voice_id == voice_id)
    number = (connection.execute(newest).scalar() or ZERO_SHOT_NUMBER) + 1
    row = {"voice_id": voice_id, "number": number, "created_at": now(), **facts}
    connection.execute(insert(versions).values(row))
    return number
