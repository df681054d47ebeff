"""`mynah models inspect` on a file."""

import math
from pathlib import Path

from mynah.acoustic.flow_matching.config import GEOMETRY, DiTConfig
from mynah.acoustic.sovits.config import SoVITSConfig
from mynah.checkpoints.detect import (
    flow_matching_version,
    is_flow_matching,
    is_gpt,
    is_lora,
    sovits_version,
    symbols,
)
from mynah.checkpoints.header import CheckpointHeader, read_header
from mynah.cli.output import one_line
from mynah.semantic.config import SemanticConfig


def describe(path: Path) -> dict[str, str]:
    """Kind, version, sizes and training of a checkpoint.

    Raises:
        CheckpointError: it cannot be read, or is of no known kind.
    """
    checkpoint = read_header(path)
    parameters = sum(math.prod(tensor.shape) for tensor in checkpoint.weight.values())
    return {
        "file": one_line(path.name),
        **_kind(checkpoint),
        "parameters": f"{parameters / 1e6:.1f} million in {len(checkpoint.weight)} tensors",
        "trained": one_line(checkpoint.info),
    }


def _kind(checkpoint: CheckpointHeader) -> dict[str, str]:
    if "content" in checkpoint.config:
        return {"kind": "content encoder"}
    if is_gpt(checkpoint):
        sizes = SemanticConfig.from_checkpoint(checkpoint.config)
        return {
            "kind": "GPT (semantic)",
            "symbols": str(sizes.phoneme_vocabulary),
            "sizes": f"{sizes.layers} layers, width {sizes.hidden}, {sizes.heads} heads",
        }
    if is_flow_matching(checkpoint):
        return _flow_matching(checkpoint)
    version = sovits_version(checkpoint)
    config = SoVITSConfig.from_checkpoint(
        checkpoint.config, version=version, symbols=symbols(checkpoint)
    )
    return {
        "kind": "SoVITS (acoustic)",
        "version": version,
        "symbols": str(config.symbols),
        "rate": f"{config.sampling_rate} Hz",
    }


def _flow_matching(checkpoint: CheckpointHeader) -> dict[str, str]:
    version = flow_matching_version(checkpoint)
    rows = {
        "kind": "SoVITS (acoustic)",
        "version": version or "v3 or v4, which its vocoder decides",
    }
    if version is not None:
        rows["rate"] = f"{GEOMETRY[version].sample_rate} Hz"
    if is_lora(checkpoint):
        return rows | {"sizes": "LoRA, on its base model"}
    dit = DiTConfig.of_weights(checkpoint.weight)
    return rows | {
        "symbols": str(symbols(checkpoint)),
        "sizes": f"DiT of {dit.layers} layers, width {dit.width}, {dit.heads} heads",
    }
