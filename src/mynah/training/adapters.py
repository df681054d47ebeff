"""Trainable changes of some parameters of a network whose own weights are frozen.

A change belongs to a parameter, not to a layer, so that one mechanism serves linear layers,
convolutions, the joint projection of an attention, and whole networks.
Source: Hu et al., "LoRA" (arXiv:2106.09685).
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from mynah.checkpoints.adapter import Change, FullDelta, LowRank, tensors_of
from mynah.training.optimizer import mixed_precision

FULL = 0
"""Rank that stands for a full-rank change."""
FULL_SHARE = 0.1
"""Share of an adapter's learning rate for a whole matrix."""


def fresh_changes(network: nn.Module, ranks: Mapping[str, int], seed: int) -> dict[str, Change]:
    """Create changes of these ranks whose delta is zero; `FULL` is full rank."""
    generator = torch.Generator().manual_seed(seed)
    return {
        name: _fresh(network.get_parameter(name), rank, generator) for name, rank in ranks.items()
    }


class AdaptedNetwork:
    """A network with trainable changes, copied at first; its own weights get no gradients."""

    def __init__(
        self, network: nn.Module, changes: Mapping[str, Change], device: torch.device
    ) -> None:
        self.network = network.requires_grad_(False).to(device)
        self.device = device
        self.changes = {name: _copied(change, device) for name, change in changes.items()}
        self.tensors = tensors_of(self.changes)
        for tensor in self.tensors.values():
            tensor.requires_grad_()

    def __call__(self, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as the network does
        """Call the network with the changes applied."""
        changed = {
            name: parameter + self.changes[name].of(parameter)
            for name, parameter in self.network.named_parameters()
            if name in self.changes
        }
        with mixed_precision(self.device):
            return functional_call(self.network, changed, arguments, named)

    @property
    def shares(self) -> dict[str, float]:
        """Best learning rates of `tensors` relative to an adapter's, by name."""
        return {
            name: FULL_SHARE if name.endswith(".delta") and tensor.dim() > 1 else 1.0
            for name, tensor in self.tensors.items()
        }

    def learned(self) -> dict[str, Change]:
        """A copy of the changes as they are now, on the CPU."""
        return {name: _copied(change, torch.device("cpu")) for name, change in self.changes.items()}

    @torch.no_grad()
    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Set `tensors` to earlier values."""
        for name, tensor in self.tensors.items():
            tensor.copy_(tensors[name])


def _fresh(parameter: Tensor, rank: int, generator: torch.Generator) -> Change:
    if rank == FULL:
        return FullDelta(torch.zeros(parameter.shape))
    out, inputs = len(parameter), parameter[0].numel()
    rank = min(rank, out, inputs)
    down = torch.randn(rank, inputs, generator=generator) * inputs**-0.5
    return LowRank(down, torch.zeros(out, rank))


def _copied(change: Change, device: torch.device) -> Change:
    parts = (getattr(change, part).detach().to(device, copy=True) for part in change.__slots__)
    return type(change)(*parts)
