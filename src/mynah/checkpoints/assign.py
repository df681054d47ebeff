"""Weights of a checkpoint into a network."""

from collections.abc import Mapping

from torch import Tensor, nn

from mynah.errors import CheckpointError


def assign_weights(network: nn.Module, weight: Mapping[str, Tensor]) -> None:
    """Gives a network its weights in float32; the network may be on the meta device.

    Names that the network does not have are left out, as in upstream.

    Raises:
        CheckpointError: a weight is missing or has another shape.
    """
    expected = network.state_dict()
    for name, tensor in expected.items():
        if name not in weight:
            raise CheckpointError(
                f"the checkpoint lacks the weight {name}: "
                "use a complete checkpoint, not a LoRA or a part"
            )
        if weight[name].shape != tensor.shape:
            raise CheckpointError(
                f"the weight {name} has shape {tuple(weight[name].shape)} where the config "
                f"asks for {tuple(tensor.shape)}: use the config that the weights were trained with"
            )
    network.load_state_dict({name: weight[name].float() for name in expected}, assign=True)
