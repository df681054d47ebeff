"""Voices under names: made from recordings, listed, changed and deleted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from mynah.engine.prompts import Speaker
from mynah.errors import BuiltInVoiceError, VoiceExistsError, VoiceNotFoundError
from mynah.service.records import new_id, now, recordings, voices
from mynah.service.storage import Storage
from mynah.service.uploads import Clip
from mynah.voice.samples import Sample, samples
from mynah.voice.voice import Voice

FIRST_VERSION = "1"


@dataclass(frozen=True, slots=True)
class VoiceRecord:
    """A voice as it is listed.

    Attributes:
        id: never given to another voice.
        name: unique while the voice exists; callers may use it in place of the id.
        language: of the words of its recordings.
        labels: whatever its owner wrote on it.
        consent: how the speaker agreed.
        default_version: the version that speaks when none is asked for.
        created_at: seconds since 1970.
        built_in: whether it comes with Mynah and cannot be changed.
    """

    id: str
    name: str
    language: str
    labels: Mapping[str, str]
    consent: str | None
    default_version: str
    created_at: int
    built_in: bool = field(default=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class NewRecording:
    """A checked recording and its words."""

    clip: Clip
    text: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """Voices in the order of their ids, and whether more follow."""

    voices: list[VoiceRecord]
    more: bool


class Voices:
    """The voices of a database and those that come with Mynah.

    Args:
        records: the database.
        storage: where their recordings are.
    """

    def __init__(self, records: Engine, storage: Storage) -> None:
        self._records = records
        self._storage = storage
        self._samples = {sample.name: sample for sample in samples()}
        self._built_in = {name: _built_in(sample) for name, sample in self._samples.items()}

    def create(
        self,
        name: str,
        clips: Sequence[NewRecording],
        language: str,
        labels: Mapping[str, str],
        consent: str | None,
    ) -> VoiceRecord:
        """Makes a voice that can speak at once.

        Args:
            name: unique.
            clips: at least one; the first one is the prompt.
            language: of their words.
            labels: kept as they are.
            consent: how the speaker agreed.

        Raises:
            VoiceExistsError: the name is taken.
        """
        self._refuse_built_in_name(name)
        voice = VoiceRecord(
            new_id("voice"), name, language, dict(labels), consent, FIRST_VERSION, now()
        )
        rows = [_recording_row(voice, position, new) for position, new in enumerate(clips)]
        # Files first: a row whose file is missing would be a voice that cannot speak.
        for row, new in zip(rows, clips, strict=True):
            self._storage.put(_key_of(row["id"]), new.clip.flac)
        try:
            with self._records.begin() as connection:
                connection.execute(insert(voices).values(_row(voice)))
                connection.execute(insert(recordings), rows)
        except IntegrityError:
            self._forget(row["id"] for row in rows)
            raise _taken(name) from None
        return voice

    def get(self, name: str) -> VoiceRecord:
        """The voice of an id or a name.

        Raises:
            VoiceNotFoundError: there is none.
        """
        if name in self._built_in:
            return self._built_in[name]
        query = select(voices).where(or_(voices.c.id == name, voices.c.name == name))
        with self._records.connect() as connection:
            rows = connection.execute(query).mappings().all()
        if not rows:
            raise VoiceNotFoundError(
                f"There is no voice {name:.80}; GET /v1/voices lists those that there are."
            )
        # A voice may be named like another one's id; the id goes before the name.
        return VoiceRecord(**max(rows, key=lambda row: row["id"] == name))

    def page(self, after: str = "", limit: int = 20) -> Page:
        """Voices whose ids come after one, at most `limit`."""
        query = select(voices).where(voices.c.id > after).order_by(voices.c.id).limit(limit + 1)
        with self._records.connect() as connection:
            own = [VoiceRecord(**row) for row in connection.execute(query).mappings()]
        built_in = [voice for voice in self._built_in.values() if voice.id > after]
        found = sorted([*built_in, *own], key=lambda voice: voice.id)
        return Page(found[:limit], more=len(found) > limit)

    def change(self, name: str, changes: Mapping[str, Any]) -> VoiceRecord:
        """Changes a voice's name, labels or consent; its sound stays.

        Raises:
            VoiceNotFoundError: there is none.
            BuiltInVoiceError: it cannot be changed.
            VoiceExistsError: the new name is taken.
        """
        voice = self._own(name)
        new_name = changes.get("name", voice.name)
        self._refuse_built_in_name(new_name)
        try:
            with self._records.begin() as connection:
                if changes:
                    connection.execute(
                        update(voices).where(voices.c.id == voice.id).values(**changes)
                    )
        except IntegrityError:
            raise _taken(new_name) from None
        return self.get(voice.id)

    def delete(self, name: str) -> VoiceRecord:
        """Deletes a voice and its recordings.

        Raises:
            VoiceNotFoundError: there is none.
            BuiltInVoiceError: it cannot be deleted.
        """
        voice = self._own(name)
        with self._records.begin() as connection:
            ids = connection.scalars(
                select(recordings.c.id).where(recordings.c.voice_id == voice.id)
            ).all()
            connection.execute(delete(recordings).where(recordings.c.voice_id == voice.id))
            connection.execute(delete(voices).where(voices.c.id == voice.id))
        self._forget(ids)
        return voice

    def preview(self, name: str) -> bytes:
        """The recording that prompts a voice, as FLAC.

        Raises:
            VoiceNotFoundError: there is no such voice.
        """
        voice = self.get(name)
        if voice.built_in:
            return self._samples[voice.id].data()
        with self._records.connect() as connection:
            first = _recordings_of(connection, voice)[0]
        return self._storage.get(_key_of(first["id"]))

    def speaker(self, name: str) -> Speaker:
        """A voice for the engine.

        Raises:
            VoiceNotFoundError: there is none.
        """
        voice = self.get(name)
        load = self._samples[voice.id].voice if voice.built_in else partial(self._load, voice)
        return Speaker(f"{voice.id}/{voice.default_version}", load)

    def _load(self, voice: VoiceRecord) -> Voice:
        with self._records.connect() as connection:
            rows = _recordings_of(connection, voice)
        try:
            files = [self._storage.get(_key_of(row["id"])) for row in rows]
        except FileNotFoundError:
            rows = []
        if not rows:
            raise VoiceNotFoundError(f"The voice {voice.name:.80} was deleted; choose another.")
        return Voice.from_recording(
            *files, text=rows[0]["text"], language=voice.language, name=voice.name
        )

    def _own(self, name: str) -> VoiceRecord:
        voice = self.get(name)
        if voice.built_in:
            raise BuiltInVoiceError(
                f"The voice {voice.name} comes with Mynah and stays as it is; make your own."
            )
        return voice

    def _refuse_built_in_name(self, name: str) -> None:
        if name in self._built_in:
            raise _taken(name)

    def _forget(self, recording_ids: Iterable[str]) -> None:
        for recording_id in recording_ids:
            self._storage.delete(_key_of(recording_id))


def _built_in(sample: Sample) -> VoiceRecord:
    labels = {"licence": sample.licence, "origin": sample.origin}
    return VoiceRecord(
        sample.name, sample.name, sample.language, labels, None, FIRST_VERSION, 0, built_in=True
    )


def _row(voice: VoiceRecord) -> dict[str, Any]:
    return {column.name: getattr(voice, column.name) for column in voices.columns}


def _recording_row(voice: VoiceRecord, position: int, new: NewRecording) -> dict[str, Any]:
    return {
        "id": new_id("recording"),
        "voice_id": voice.id,
        "version": voice.default_version,
        "position": position,
        "text": new.text,
        "seconds": new.clip.seconds,
    }


def _recordings_of(connection: Connection, voice: VoiceRecord) -> Sequence[Any]:
    ours = recordings.c.voice_id == voice.id, recordings.c.version == voice.default_version
    query = select(recordings).where(*ours).order_by(recordings.c.position)
    return connection.execute(query).mappings().all()


def _key_of(recording_id: str) -> str:
    return f"recordings/{recording_id}.flac"


def _taken(name: str) -> VoiceExistsError:
    return VoiceExistsError(f"There is a voice {name:.80} already; choose another name.")
