"""Trained versions as whole files in the released formats, which upstream's tools open too."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from mynah.checkpoints.adapter import adapters_in, load_adapter, merged
from mynah.checkpoints.file import read_checkpoint
from mynah.checkpoints.gpt import load_gpt, save_gpt
from mynah.checkpoints.sovits import save_sovits, sovits_from


def merge_gpt(base: Path, version: Path, out: Path) -> None:
    """Write the GPT of a version, atomically.

    Args:
        base: file of the GPT that was fine-tuned.
        version: folder of its adapters; a network without one is unchanged.
        out: the file to write.

    Raises:
        CheckpointError: a file cannot be used or written, or the adapters are of another model.
    """
    gpt, origin = load_gpt(base), read_checkpoint(base)
    gpt.load_state_dict(_merged(gpt.state_dict(), adapters_in(version)[0]))
    save_gpt(gpt, out, info=origin.info, config=origin.config)


def merge_sovits(base: Path, version: Path, out: Path, extra: Mapping[str, Tensor]) -> None:
    """Write the SoVITS of a version, and the extra weights of its file; see `merge_gpt`."""
    origin = read_checkpoint(base)
    sovits = sovits_from(origin)
    state = _merged({**sovits.state_dict(), **extra}, adapters_in(version)[1])
    sovits.load_state_dict({name: state[name] for name in sovits.state_dict()})
    save_sovits(sovits, out, info=origin.info, config=origin.config, extra=extra)


def _merged(state: dict[str, Tensor], adapter: Path | None) -> dict[str, Tensor]:
    return merged(state, load_adapter(adapter)) if adapter else state
