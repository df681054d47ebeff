"""The folder of a model, and the id that its files have."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from mynah.checkpoints.folder import CONTENT
from mynah.encoders.hubert import HUBERT
from mynah.encoders.roberta import ROBERTA
from mynah.errors import CheckpointError
from mynah.starter.packaged import WEIGHTS, packaged_model


@dataclass(frozen=True, slots=True)
class MissingPart:
    """A part that a model speaks better with.

    Attributes:
        part: its part in the model.
        name: of its folder.
        effect: how speech is without it.
    """

    part: str
    name: str
    effect: str

    def __str__(self) -> str:
        return f"no {self.part} ({self.name} is missing): {self.effect}"


_NO_CONTENT = MissingPart(
    "content encoder", HUBERT.name, "voices give their timbre only, not their way of speaking"
)
_NO_TEXT_FEATURES = MissingPart("text features", ROBERTA.name, "Mandarin sounds flat")


@contextmanager
def model_folder(folder: Path | None) -> Iterator[Path]:
    """The folder of a model for as long as it is entered; the starter's without one.

    Raises:
        CheckpointError: it is not there.
    """
    if folder is not None:
        if not folder.is_dir():
            raise CheckpointError(
                f"There is no folder {folder}; give one that holds a model's files."
            )
        yield folder
        return
    with packaged_model() as packaged:
        yield packaged


def missing_parts(folder: Path) -> tuple[MissingPart, ...]:
    """The parts that a model in the layout of GPT-SoVITS lacks.

    A model with a content encoder of its own kind was trained without a BERT, and lacks nothing.
    """
    if (folder / CONTENT).is_file():
        return ()
    parts = (_NO_CONTENT, _NO_TEXT_FEATURES)
    return tuple(part for part in parts if not (folder / part.name).is_dir())


def model_id(folder: Path | None) -> str:
    """Id of a model: changes with any byte of its files, and with the version of Mynah.

    Args:
        folder: of the model; None is the starter, of which only the weights count.
    """
    if folder is not None:
        files = (path for path in folder.rglob("*") if path.is_file())
        return f"{version('mynah')}-{_digest(folder, files)}"
    with packaged_model() as packaged:
        files = (packaged / name for name in WEIGHTS)
        return f"{version('mynah')}-{_digest(packaged, files)}"


def _digest(folder: Path, files: Iterable[Path]) -> str:
    whole = hashlib.sha256()
    for path in sorted(files):
        whole.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        with path.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()
