"""What a trained version is, for other tools: the files of a model with what was learnt in them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from mynah.checkpoints.export import merge_gpt, merge_sovits
from mynah.checkpoints.folder import only_file
from mynah.engine.folder import model_folder

ReleasedFile = Literal["gpt.ckpt", "sovits.pth"]
"""The two files that upstream's tools load a voice from."""

_MERGE: Mapping[ReleasedFile, tuple[str, Callable[[Path, Path, Path], None]]] = {
    "gpt.ckpt": (".ckpt", merge_gpt),
    "sovits.pth": (".pth", merge_sovits),
}

RELEASED_FILES = tuple(_MERGE)


def export(model: Path | None, version: Path, file: ReleasedFile, out: Path) -> None:
    """Writes a file of a version, whole or not at all.

    Args:
        model: folder of the model that was trained further; the starter without one.
        version: folder of the adapters.
        file: which.
        out: where.

    Raises:
        CheckpointError: the model, or the version, cannot be used, or the file not written.
    """
    suffix, merge = _MERGE[file]
    with model_folder(model) as folder:
        merge(only_file(folder, suffix), version, out)
