"""Export of a trained version: released files with the adapters merged, for other tools."""

from pathlib import Path
from typing import Literal, get_args

from mynah.checkpoints.export import merge_gpt, merge_sovits
from mynah.checkpoints.folder import only_file
from mynah.engine.folder import model_folder
from mynah.engine.loading import weights_beside_sovits

ReleasedFile = Literal["gpt.ckpt", "sovits.pth"]
"""Files that upstream's tools load a voice from."""

RELEASED_FILES: tuple[ReleasedFile, ...] = get_args(ReleasedFile)


def export(model: Path | None, version: Path, file: ReleasedFile, out: Path) -> None:
    """Write a released file of a version, atomically.

    Args:
        model: folder of the base model; the starter without one.
        version: folder of the adapters.
        file: its name.
        out: path to write to.

    Raises:
        CheckpointError: the model, or the version, cannot be used, or the file not written.
    """
    with model_folder(model) as folder:
        if file == "gpt.ckpt":
            merge_gpt(only_file(folder, ".ckpt"), version, out)
        else:
            base = only_file(folder, ".pth")
            merge_sovits(base, version, out, weights_beside_sovits(base))
