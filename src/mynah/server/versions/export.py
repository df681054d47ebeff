"""Export of trained versions as files in the released formats."""

from pathlib import Path

from mynah.engine.export import ReleasedFile, export
from mynah.errors import CheckpointError
from mynah.server.errors import NothingTrainedError
from mynah.server.versions.store import VersionStore
from mynah.server.voices.store import FIRST_VERSION, VoiceRecord
from mynah.storage.blobs import WeightStore


class Exports:
    """Exporter of trained versions of the base model in the folder `model`, or of the starter."""

    def __init__(self, versions: VersionStore, folders: WeightStore, model: Path | None) -> None:
        self._versions = versions
        self._folders = folders
        self._model = model

    def write(self, voice: VoiceRecord, number: int, file: ReleasedFile, out: Path) -> None:
        """Write a file of a version atomically, into a folder that is created.

        Raises:
            VoiceVersionNotFoundError: there is no such version.
            NothingTrainedError: it has no weights of its own.
            CheckpointError: its files, or the model's, cannot be used.
        """
        version = self._versions.get(voice, number)
        if not version.weights:
            raise NothingTrainedError(
                f"Version {number} of the voice {voice.name:.80} is {_untrained(number)}: it has "
                "no weights of its own, and is the model, prompted with its recordings; take those "
                "along."
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


def _untrained(number: int) -> str:
    return "zero-shot" if str(number) == FIRST_VERSION else "without training of the networks"
