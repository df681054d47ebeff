"""The vocoders' files as GPT-SoVITS releases them beside v3 and v4."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor, nn

from mynah.acoustic.flow_matching.config import FlowMatchingVersion
from mynah.acoustic.sovits.weight_norm import fused_state
from mynah.acoustic.vocoders.bigvgan import BigVGAN, BigVGANConfig
from mynah.acoustic.vocoders.hifigan48k import HiFiGAN48k
from mynah.checkpoints.file import read_state
from mynah.checkpoints.folder import V4_FOLDER, VOCODER
from mynah.checkpoints.weights import assign_weights, skip_init
from mynah.errors import CheckpointError
from mynah.runtime.files import read_regular

BIGVGAN = "models--nvidia--bigvgan_v2_24khz_100band_256x/bigvgan_generator.pt"
VOCODERS: Mapping[FlowMatchingVersion, Sequence[str]] = {
    "v3": (BIGVGAN,),
    "v4": (f"{V4_FOLDER}/{VOCODER}", VOCODER),
}
"""Places of each version's vocoder in a model's folder, the released one first."""


def vocoder_file(folder: Path, version: FlowMatchingVersion) -> Path | None:
    """The vocoder of a version in a folder; None if there is none."""
    places = (folder / place for place in VOCODERS[version])
    return next((path for path in places if path.is_file()), None)


def load_vocoder(folder: Path, version: FlowMatchingVersion) -> nn.Module:
    """Read the vocoder of a version, in float32 on the CPU, in evaluation mode.

    Raises:
        CheckpointError: it is missing, or cannot be used.
    """
    file = vocoder_file(folder, version)
    if file is None:
        raise CheckpointError(
            f"The SoVITS is {version}, which needs its vocoder; put {VOCODERS[version][0]}, from "
            f"GPT-SoVITS's pretrained models, into {folder}."
        )
    try:
        return (_bigvgan(file) if version == "v3" else _hifigan(file)).eval()
    except CheckpointError as error:
        raise CheckpointError(f"The vocoder {file.name} cannot be used: {error}") from None


def _bigvgan(file: Path) -> BigVGAN:
    try:
        config = json.loads(read_regular(file.parent / "config.json"))
    except (OSError, ValueError):
        config = None
    if not isinstance(config, dict):
        raise CheckpointError(f"there is no config.json beside it; copy {file.parent.name} whole")
    with skip_init():
        network = BigVGAN(BigVGANConfig.from_json(config))
    # Files have their weight norm, or have it folded already.
    assign_weights(network, fused_state(read_state(file, section="generator")))
    return network


def _hifigan(file: Path) -> HiFiGAN48k:
    state = fused_state(read_state(file))
    first = state.get("conv_pre.weight")
    if not isinstance(first, Tensor) or first.dim() != 3:
        raise CheckpointError("it has no conv_pre.weight; copy it again")
    with skip_init():
        network = HiFiGAN48k(first.shape[0])
    assign_weights(network, state)
    return network
