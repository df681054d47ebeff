"""Optimiser and learning-rate schedule of a fine-tuning, and its mixed precision."""

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from mynah.runtime.device import has_bfloat16


def mixed_precision(device: torch.device) -> torch.autocast:
    """Compute layers in bfloat16 where the hardware supports it, with weights in float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device))


WARM_UP_STEPS = 10
LAST_SCALE = 0.1
_MOST_GRADIENT = 1.0


class AdapterOptimizer:
    """AdamW with gradient clipping; each tensor has its share of the learning rate."""

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

    def step(self, loss: Tensor, scale: float) -> None:
        """Take a step with all learning rates times `scale`; none if the gradient is not finite."""
        self._optimizer.zero_grad()
        loss.backward()
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * scale
        if torch.nn.utils.clip_grad_norm_(self._tensors, _MOST_GRADIENT).isfinite():
            self._optimizer.step()

    def state_dict(self) -> dict[str, Any]:
        """The optimiser's state."""
        return self._optimizer.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a `state_dict()`."""
        self._optimizer.load_state_dict(state)


def lr_scale(step: int, steps: int) -> float:
    """Linear warm-up to 1, then a cosine decay until the last step."""
    warm = min(1.0, (step + 1) / WARM_UP_STEPS)
    fallen = 0.5 + 0.5 * math.cos(math.pi * step / steps)
    return warm * (LAST_SCALE + (1 - LAST_SCALE) * fallen)
