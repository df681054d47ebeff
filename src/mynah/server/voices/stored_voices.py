"""Voices of a data folder, as the engine reads them."""

from dataclasses import dataclass
from pathlib import Path

from mynah.engine.request import VoiceRef
from mynah.engine.voice_source import decode_voice
from mynah.errors import CheckpointError, VoiceNotFoundError
from mynah.storage.blobs import BlobStore, WeightStore
from mynah.voice.voice import Voice


@dataclass(frozen=True, slots=True)
class StoredVoices:
    """A `VoiceSource` of files; it asks no database.

    Attributes:
        blobs: recordings.
        folders: weights.
    """

    blobs: BlobStore
    folders: WeightStore

    def voice(self, ref: VoiceRef) -> Voice:
        try:
            return decode_voice(ref, self.blobs.get)
        except FileNotFoundError:
            lost = f"{ref.name:.80}{' or a reference of it' if ref.references else ''}"
            raise VoiceNotFoundError(f"The voice {lost} was deleted; choose another.") from None

    def weights(self, ref: VoiceRef) -> Path:
        try:
            return self.folders.path(ref.weights or "")
        except FileNotFoundError:
            raise CheckpointError(
                f"The files of version {ref.version} of the voice {ref.name:.80} are gone; "
                "roll it back, or train it again."
            ) from None
