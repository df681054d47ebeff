"""Resolution of a voice for the engine: a version, its recordings and its weights."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Engine, exists, select

from mynah.engine.request import RecordingRef, VoiceRef
from mynah.errors import VoiceNotFoundError
from mynah.server.access.keys import Caller
from mynah.server.errors import ReferenceNotFoundError, VoiceVersionNotFoundError
from mynah.server.voices.recordings import recording_key, recordings_of
from mynah.server.voices.store import FIRST_VERSION, VoiceRecord, VoiceStore
from mynah.storage.tables import versions
from mynah.voice.samples import Sample, samples

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
    """Resolver of voices for the engine; it reads rows, and no files."""

    def __init__(self, voices: VoiceStore, records: Engine) -> None:
        self._voices = voices
        self._records = records
        self._samples = {sample.name: _sample_ref(sample) for sample in samples()}

    def resolve(self, caller: Caller, selection: VoiceSelection) -> VoiceRef:
        """Resolve a caller's selection to a voice reference.

        Raises:
            VoiceNotFoundError, VoiceVersionNotFoundError, ReferenceNotFoundError: the caller can
                see none.
            AmbiguousVoiceError: several owners have one.
        """
        voice = self._voices.get(caller, selection.voice)
        own = self._ref(voice, self.version_of(voice, selection.version))
        others = [self._reference(caller, name) for name in selection.references]
        if not others:
            return own
        key = "+".join(each.key for each in (own, *others))
        joined = tuple(recording for each in others for recording in each.recordings)
        return replace(own, key=key, references=joined)

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

    def _ref(self, voice: VoiceRecord, version: str) -> VoiceRef:
        if sample := self._samples.get(voice.id):
            return sample
        with self._records.connect() as connection:
            own = recordings_of(connection, voice.id, version)
            # A training may have chosen no prompts.
            rows = own or recordings_of(connection, voice.id, FIRST_VERSION)
        weights = self._weights(voice, version) if version != FIRST_VERSION else None
        if not rows:
            raise _deleted(voice)
        return VoiceRef(
            key=f"{voice.id}/{version}",
            recordings=tuple(
                RecordingRef(recording_key(row["id"]), text=row["text"] or "") for row in rows
            ),
            language=voice.language,
            weights=weights,
            name=voice.name,
            version=version,
        )

    def _reference(self, caller: Caller, name: str) -> VoiceRef:
        try:
            return self._ref(self._voices.get(caller, name), FIRST_VERSION)
        except VoiceNotFoundError as error:
            raise ReferenceNotFoundError(str(error)) from None

    def _weights(self, voice: VoiceRecord, version: str) -> str | None:
        """The key of a trained version's weights; None if it has none of its own."""
        its = versions.c.voice_id == voice.id, versions.c.number == int(version)
        with self._records.connect() as connection:
            key = connection.scalar(select(versions.c.weights).where(*its))
        if key is None:
            raise _deleted(voice)
        return key or None

    def _has(self, voice: VoiceRecord, version: str) -> bool:
        if not (version.isascii() and version.isdigit() and len(version) < 10):
            return False
        its = versions.c.voice_id == voice.id, versions.c.number == int(version)
        with self._records.connect() as connection:
            # "02" would be another name, and another cache key, of version 2.
            return version[0] != "0" and bool(connection.scalar(select(exists().where(*its))))


def _sample_ref(sample: Sample) -> VoiceRef:
    recording = RecordingRef(data=sample.data(), text=sample.text)
    key = f"{sample.name}/{FIRST_VERSION}"
    return VoiceRef(key, (recording,), language=sample.language, name=sample.name)


def _deleted(voice: VoiceRecord) -> VoiceNotFoundError:
    return VoiceNotFoundError(f"The voice {voice.name:.80} was deleted; choose another.")
