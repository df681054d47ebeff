"""Versions to take along: files in the released formats, as upstream's tools open them."""

from pathlib import Path

from mynah.engine.export import ReleasedFile, export
from mynah.errors import CheckpointError
from mynah.server.errors import NothingTrainedError
from mynah.server.versions.store import VersionStore
from mynah.server.voices.store import VoiceRecord
from mynah.storage.blobs import WeightStore


class Exports:
    """Writes the files of versions.

    Args:
        versions: of the voices.
        folders: where their weights are.
        model: folder of the model that was trained further; the starter without one.
    """

    def __init__(self, versions: VersionStore, folders: WeightStore, model: Path | None) -> None:
        self._versions = versions
        self._folders = folders
        self._model = model

    def write(self, voice: VoiceRecord, number: int, file: ReleasedFile, out: Path) -> None:
        """Writes a file of a version, whole or not at all, into a folder that is made for it.

        Raises:
            VoiceVersionNotFoundError: there is no such version.
            NothingTrainedError: it speaks with the model's own weights.
            CheckpointError: its files, or the model's, cannot be used.
        """
        version = self._versions.get(voice, number)
        if not version.weights:
            raise NothingTrainedError(
                f"Version {number} of the voice {voice.name:.80} has no weights of its own: it is "
                "the model, prompted with its recordings; take those along."
            )
        try:
            folder = self._folders.path(version.weights)
        except FileNotFoundError:
            raise CheckpointError(
                f"The files of version {number} of the voice {voice.name:.80} are gone; "
                "train it again."
            ) from None
        out.parent.mkdir(parents=True, exist_ok=True)
        export(self._model, folder, file, out)
