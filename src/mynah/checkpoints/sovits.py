"""SoVITS files to acoustic models, and back."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from mynah.acoustic.sovits.config import SoVITSConfig
from mynah.acoustic.sovits.model import SoVITS
from mynah.checkpoints.detect import sovits_version, symbols
from mynah.checkpoints.file import Checkpoint, read_checkpoint, write_checkpoint
from mynah.checkpoints.header import VERSION_TAGS
from mynah.checkpoints.weights import assign_weights, skip_init
from mynah.errors import CheckpointError
from mynah.text.symbols import SymbolTable

_POSTERIOR = "enc_q."


def load_sovits(path: Path, *, posterior: bool = False) -> SoVITS:
    """Read an acoustic model, in float32 on the CPU, in evaluation mode.

    Args:
        path: a SoVITS file of version v1, v2, v2Pro or v2ProPlus.
        posterior: read the posterior encoder too, for training; base models have it, voices
            come without.

    Raises:
        CheckpointError: the file cannot be read, or is no such model.
    """
    return sovits_from(read_checkpoint(path), posterior=posterior)


def sovits_from(checkpoint: Checkpoint, *, posterior: bool = False) -> SoVITS:
    """Build the acoustic model of a checkpoint already read; see `load_sovits`."""
    version = sovits_version(checkpoint)
    config = SoVITSConfig.from_checkpoint(
        checkpoint.config, version=version, symbols=symbols(checkpoint)
    )
    with skip_init():
        model = SoVITS(config, posterior=posterior)
    assign_weights(model, checkpoint.weight)
    return model.eval()


def symbol_table(config: SoVITSConfig) -> SymbolTable:
    """The phoneme ids that a version was trained with."""
    return SymbolTable.of("v1" if config.version == "v1" else "v2")


def save_sovits(
    model: SoVITS,
    path: Path,
    *,
    info: str = "",
    config: Mapping[str, Any] | None = None,
    posterior: bool = False,
    extra: Mapping[str, Tensor] | None = None,
) -> None:
    """Write an acoustic model as a file that upstream's tools open too.

    Args:
        model: not fused.
        path: the file, by custom `.pth`; an existing one is replaced atomically.
        info: a line on the progress of its training.
        config: of its base checkpoint; by default one with the model's sizes.
        posterior: write the posterior encoder too, for later training.
        extra: weights of the file beside the network's.

    Raises:
        CheckpointError: the model is fused, or the folder cannot be written to.
    """
    weight = {
        name: tensor
        for name, tensor in model.state_dict().items()
        if posterior or not name.startswith(_POSTERIOR)
    }
    if "dec.ups.0.weight_g" not in weight:
        raise CheckpointError("a fused SoVITS cannot be saved: save it before calling fuse()")
    weight |= extra or {}
    version = model.config.version
    tag = version if version in VERSION_TAGS.values() else None
    config = config or model.config.to_checkpoint()
    write_checkpoint(path, Checkpoint(weight, config, info, version_tag=tag))
