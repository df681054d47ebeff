"""Trained versions as whole files in the released formats, which upstream's tools open too."""

from pathlib import Path

from torch import Tensor, nn

from mynah.checkpoints.adapter import adapters_in, load_adapter, merged
from mynah.checkpoints.file import read_checkpoint
from mynah.checkpoints.gpt import load_gpt, save_gpt
from mynah.checkpoints.sovits import load_sovits, save_sovits


def merge_gpt(base: Path, version: Path, out: Path) -> None:
    """Writes the GPT of a version, whole or not at all.

    Args:
        base: file of the GPT that was trained further.
        version: folder of its adapters; a network without one is as it was.
        out: the file to write.

    Raises:
        CheckpointError: a file cannot be used or written, or the adapters are of another model.
    """
    gpt, origin = load_gpt(base), read_checkpoint(base)
    gpt.load_state_dict(_merged(gpt, adapters_in(version)[0]))
    save_gpt(gpt, out, info=origin.info, config=origin.config)


def merge_sovits(base: Path, version: Path, out: Path) -> None:
    """Writes the SoVITS of a version; see `merge_gpt`."""
    sovits, origin = load_sovits(base), read_checkpoint(base)
    sovits.load_state_dict(_merged(sovits, adapters_in(version)[1]))
    save_sovits(sovits, out, info=origin.info, config=origin.config)


def _merged(network: nn.Module, adapter: Path | None) -> dict[str, Tensor]:
    state = network.state_dict()
    return merged(state, load_adapter(adapter)) if adapter else state
