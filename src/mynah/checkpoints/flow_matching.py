"""v3 and v4 files to flow-matching networks: whole ones, and LoRA files on their base."""

import re
from collections.abc import Mapping

from torch import Tensor

from mynah.acoustic.flow_matching.config import FlowMatchingConfig, FlowMatchingVersion
from mynah.acoustic.flow_matching.model import FlowMatching
from mynah.checkpoints.detect import LORA, symbols
from mynah.checkpoints.file import Checkpoint
from mynah.checkpoints.weights import assign_weights, skip_init
from mynah.errors import CheckpointError

_ADAPTER = re.compile(r"cfm\.base_model\.model\.(.+)\.lora_A\.default\.weight")


def flow_matching_from(checkpoint: Checkpoint, version: FlowMatchingVersion) -> FlowMatching:
    """Build the network of a whole checkpoint, in float32 on the CPU, in evaluation mode.

    Raises:
        CheckpointError: a weight is missing, or does not fit.
    """
    config = FlowMatchingConfig.from_checkpoint(
        checkpoint.config, checkpoint.weight, version=version, symbols=symbols(checkpoint)
    )
    with skip_init():
        network = FlowMatching(config)
    assign_weights(network, checkpoint.weight)
    return network.eval()


def merge_lora(base: Checkpoint, lora: Checkpoint) -> Checkpoint:
    """The whole checkpoint that a LoRA file stands for, merged in float32.

    Raises:
        CheckpointError: it changes weights that the base does not have.
    """
    own = {name: value for name, value in lora.weight.items() if not name.startswith(LORA)}
    deltas = dict(_deltas(lora.weight))
    unknown = sorted((own.keys() | deltas.keys()) - base.weight.keys())
    misfits = [name for name, delta in deltas.items() if name not in unknown]
    misfits = [name for name in misfits if base.weight[name].shape != deltas[name].shape]
    if unknown or misfits:
        raise CheckpointError(
            f"the LoRA file changes {(unknown + misfits)[0]}, which its base model does not have "
            "so: use the base model that it was trained on"
        )
    merged = {name: base.weight[name].float() + delta for name, delta in deltas.items()}
    return Checkpoint({**base.weight, **own, **merged}, base.config, lora.info)


def _deltas(weight: Mapping[str, Tensor]) -> list[tuple[str, Tensor]]:
    """The changes of matrices, by their names in the base; alpha is the rank, so the scale is 1."""
    found = []
    for name, down in weight.items():
        match = _ADAPTER.fullmatch(name)
        if match is None:
            continue
        up = weight.get(name.replace("lora_A", "lora_B"))
        if up is None or up.dim() != 2 or down.dim() != 2 or up.shape[1] != down.shape[0]:
            raise CheckpointError(f"the LoRA file is incomplete at {name}: copy it again")
        found.append((f"cfm.{match[1]}.weight", up.float() @ down.float()))
    return found
