"""In which precision a machine learns fastest without learning worse."""

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from mynah.runtime.device import has_bfloat16


def mixed_precision(device: torch.device) -> torch.autocast:
    """Has layers compute in bfloat16 where the machine does so by itself, weights in float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device))


WARM_UP_STEPS = 10
LAST_PACE = 0.1
_MOST_GRADIENT = 1.0


class AdapterOptimizer:
    """Moves tensors against the gradient of a loss.

    Args:
        tensors: each with the share of the rate at which it moves.
        rate: of AdamW.
        betas: of AdamW.
    """

    def __init__(
        self, tensors: Iterable[tuple[Tensor, float]], rate: float, betas: tuple[float, float]
    ) -> None:
        groups: defaultdict[float, list[Tensor]] = defaultdict(list)
        for tensor, share in tensors:
            groups[share].append(tensor)
        self._rates = [rate * share for share in groups]
        self._tensors = [tensor for group in groups.values() for tensor in group]
        self._optimizer = torch.optim.AdamW(
            [{"params": group} for group in groups.values()], rate, betas, weight_decay=0.01
        )

    def step(self, loss: Tensor, pace: float) -> None:
        """Moves a step; not at all if the gradient is not finite.

        Args:
            loss: a number with a graph.
            pace: what all rates are multiplied with.
        """
        self._optimizer.zero_grad()
        loss.backward()
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * pace
        if torch.nn.utils.clip_grad_norm_(self._tensors, _MOST_GRADIENT).isfinite():
            self._optimizer.step()

    def state_dict(self) -> dict[str, Any]:
        """What it has to remember."""
        return self._optimizer.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from what it remembered."""
        self._optimizer.load_state_dict(state)


def lr_scale(step: int, steps: int) -> float:
    """Rises to 1 in the first steps, and falls along a cosine until the last."""
    warm = min(1.0, (step + 1) / WARM_UP_STEPS)
    fallen = 0.5 + 0.5 * math.cos(math.pi * step / steps)
    return warm * (LAST_PACE + (1 - LAST_PACE) * fallen)
