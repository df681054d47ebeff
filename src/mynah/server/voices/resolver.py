"""Resolution of a voice for the engine: a version, its recordings and its weights."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sqlalchemy import Engine, exists, select

from mynah.engine.request import VoiceRef, WeightsRef
from mynah.errors import CheckpointError, VoiceNotFoundError
from mynah.server.errors import ReferenceNotFoundError, VoiceVersionNotFoundError
from mynah.server.voices.recordings import recording_key, recordings_of
from mynah.server.voices.store import FIRST_VERSION, VoiceRecord, VoiceStore
from mynah.storage.blobs import BlobStore, WeightStore
from mynah.storage.tables import versions
from mynah.voice.samples import samples
from mynah.voice.voice import Voice

ZERO_SHOT = "zero-shot"
"""Another name of a voice's first version, which is not trained."""


@dataclass(frozen=True, slots=True)
class VoiceSelection:
    """The voice that a request names.

    Attributes:
        voice: id or name.
        version: number of one of its versions, or `ZERO_SHOT`; None is its default.
        references: ids or names of voices whose recordings join in the timbre.
    """

    voice: str
    version: str | None = None
    references: Sequence[str] = ()


class VoiceResolver:
    """Resolver of voices for the engine."""

    def __init__(
        self, voices: VoiceStore, records: Engine, storage: BlobStore, folders: WeightStore
    ) -> None:
        self._voices = voices
        self._records = records
        self._storage = storage
        self._folders = folders
        self._samples = {sample.name: sample for sample in samples()}

    def speaker(self, selection: VoiceSelection) -> VoiceRef:
        """Resolve a selection to a voice reference.

        Raises:
            VoiceNotFoundError, VoiceVersionNotFoundError, ReferenceNotFoundError: there is none.
        """
        voice = self._voices.get(selection.voice)
        own = self._speaker(voice, self.version_of(voice, selection.version))
        references = [self._reference(name) for name in selection.references]
        if not references:
            return own
        key = "+".join(each.key for each in (own, *references))
        return VoiceRef(key, partial(_joined, own, references), own.weights)

    def version_of(self, voice: VoiceRecord, asked: str | None) -> str:
        """Resolve a version number, `ZERO_SHOT`, or None for the default.

        Raises:
            VoiceVersionNotFoundError: there is no such version.
        """
        if asked is None:
            return voice.default_version
        if asked in (ZERO_SHOT, FIRST_VERSION):
            return FIRST_VERSION
        if not self._has(voice, asked):
            raise VoiceVersionNotFoundError(
                f"The voice {voice.name:.80} has no version {asked:.20}; "
                "GET /v1/voices/{id}/versions lists those that there are."
            )
        return asked

    def _speaker(self, voice: VoiceRecord, version: str) -> VoiceRef:
        sample = self._samples.get(voice.id)
        load = sample.voice if sample else partial(self._load, voice, version)
        key = f"{voice.id}/{version}"
        place = self._place(voice, version) if version != FIRST_VERSION else ""
        fetch = partial(self._folder, voice, version, place)
        return VoiceRef(key, load, WeightsRef(key, fetch) if place else None)

    def _reference(self, name: str) -> VoiceRef:
        try:
            return self._speaker(self._voices.get(name), FIRST_VERSION)
        except VoiceNotFoundError as error:
            raise ReferenceNotFoundError(str(error)) from None

    def _load(self, voice: VoiceRecord, version: str) -> Voice:
        with self._records.connect() as connection:
            own = recordings_of(connection, voice.id, version)
            # A training may have chosen no prompts.
            rows = own or recordings_of(connection, voice.id, FIRST_VERSION)
        try:
            files = [self._storage.get(recording_key(row["id"])) for row in rows]
        except FileNotFoundError:
            rows = []
        if not rows:
            raise VoiceNotFoundError(f"The voice {voice.name:.80} was deleted; choose another.")
        return Voice.from_recording(
            *files, text=[row["text"] for row in rows], language=voice.language, name=voice.name
        )

    def _place(self, voice: VoiceRecord, version: str) -> str:
        """The key of a trained version's weights; empty if it has none of its own."""
        its = versions.c.voice_id == voice.id, versions.c.number == int(version)
        with self._records.connect() as connection:
            place = connection.scalar(select(versions.c.weights).where(*its))
        if place is None:
            raise VoiceNotFoundError(f"The voice {voice.name:.80} was deleted; choose another.")
        return str(place)

    def _folder(self, voice: VoiceRecord, version: str, place: str) -> Path:
        try:
            return self._folders.path(place)
        except FileNotFoundError:
            raise CheckpointError(
                f"The files of version {version} of the voice {voice.name:.80} are gone; "
                "roll it back, or train it again."
            ) from None

    def _has(self, voice: VoiceRecord, version: str) -> bool:
        if not (version.isascii() and version.isdigit() and len(version) < 10):
            return False
        its = versions.c.voice_id == voice.id, versions.c.number == int(version)
        with self._records.connect() as connection:
            # "02" would be another name, and another cache key, of version 2.
            return version[0] != "0" and bool(connection.scalar(select(exists().where(*its))))


def _joined(own: VoiceRef, references: Sequence[VoiceRef]) -> Voice:
    voice = own.load()
    others = [recording for each in references for recording in each.load().recordings]
    return replace(voice, recordings=(*voice.recordings, *others))
