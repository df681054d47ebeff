"""Voice sources: where an engine reads the recordings and weights that a request names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from mynah.engine.request import RecordingRef, VoiceRef
from mynah.voice.voice import Voice


class VoiceSource(Protocol):
    """Reads what voice references name; built where the engine runs, asked from its threads."""

    def voice(self, ref: VoiceRef) -> Voice:
        """The recordings of a voice; asked only when the voice is not in memory.

        Raises:
            VoiceNotFoundError: they were deleted.
            RecordingError: they cannot be decoded.
        """

    def weights(self, ref: VoiceRef) -> Path:
        """A local folder with the weights of a voice; asked only when they are not in memory.

        Raises:
            CheckpointError: they are gone.
        """


@dataclass(frozen=True, slots=True)
class HeldVoices:
    """Voices of this process, for programs without a data folder.

    A voice that is not among them is decoded from the bytes in its reference.

    Attributes:
        voices: by the key of their references.
        folders: of weights, by their keys.
    """

    voices: Mapping[str, Voice] = field(default_factory=dict)
    folders: Mapping[str, Path] = field(default_factory=dict)

    def voice(self, ref: VoiceRef) -> Voice:
        held = self.voices.get(ref.key)
        return decode_voice(ref, _no_blob) if held is None else held

    def weights(self, ref: VoiceRef) -> Path:
        return self.folders[ref.weights or ""]


def decode_voice(ref: VoiceRef, read: Callable[[str], bytes]) -> Voice:
    """A voice from the files that its reference names or contains.

    Args:
        ref: the reference.
        read: gives the file of a key.

    Raises:
        RecordingError: a file cannot be decoded.
    """
    own, others = (_files(recordings, read) for recordings in (ref.recordings, ref.references))
    texts = [recording.text for recording in ref.recordings]
    named = {"language": ref.language, "name": ref.name}
    voice = Voice.from_recording(*own, text=texts, **named)
    if not others:
        return voice
    joined = Voice.from_recording(*others).recordings
    return replace(voice, recordings=(*voice.recordings, *joined))


def _files(recordings: tuple[RecordingRef, ...], read: Callable[[str], bytes]) -> list[bytes]:
    return [recording.data or read(recording.key) for recording in recordings]


def _no_blob(key: str) -> bytes:
    raise FileNotFoundError(key)
