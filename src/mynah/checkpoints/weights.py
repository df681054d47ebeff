"""Assignment of a checkpoint's weights to a network, whose own initialisation is skipped."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from mynah.errors import CheckpointError


def assign_weights(network: nn.Module, weight: Mapping[str, Tensor]) -> None:
    """Assign weights to a network in float32; the network may be on the meta device.

    Names that the network does not have are ignored, as in upstream.

    Raises:
        CheckpointError: a weight is missing or has another shape.
    """
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    network.load_state_dict(checked_weights(weight, shapes), assign=True)


def checked_weights(
    weight: Mapping[str, Tensor], shapes: Mapping[str, Sequence[int]]
) -> dict[str, Tensor]:
    """The weights of some names and shapes, in float32.

    Raises:
        CheckpointError: a weight is missing or has another shape.
    """
    for name, shape in shapes.items():
        if name not in weight:
            raise CheckpointError(
                f"the checkpoint lacks the weight {name}: "
                "use a complete checkpoint, not a LoRA or a part"
            )
        if weight[name].shape != shape:
            raise CheckpointError(
                f"the weight {name} has shape {tuple(weight[name].shape)} where the config "
                f"asks for {shape}: use the config that the weights were trained with"
            )
    return {name: weight[name].float() for name in shapes}


_FILLING = frozenset({"normal_", "uniform_", "fill_", "zero_"})


class skip_init(TorchFunctionMode):  # noqa: N801 - used as a function
    """Skip the initialisation of modules made in this context; assign their weights afterwards.

    Random ones take a second. PyTorch's meta device would leave them out as well, but goes through
    its compiler for it, whose import takes a second and a hundred megabytes.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        """Call the PyTorch function unless it fills with random numbers."""
        known = dict(kwargs or {})
        if getattr(func, "__name__", "") in _FILLING:
            # A tensor's method, or the function of `torch.nn.init` around it.
            return args[0] if args else known["tensor"]
        return (torch.empty if func is torch.randn else func)(*args, **known)
