"""The gated convolution stack that the flow and the posterior encoder share.

Source: WaveGlow's WN (arXiv:1811.00002). Upstream: `module/modules.py`, `WN`.
"""

import torch
from torch import Tensor, nn

from mynah.acoustic.sovits.weight_norm import WeightNormConv1d


class WaveNet(nn.Module):
    """Convolutions with tanh-sigmoid gates, conditioned on the timbre."""

    def __init__(
        self, channels: int, timbre_channels: int, n_layers: int, kernel_size: int = 5
    ) -> None:
        super().__init__()
        self.cond_layer = WeightNormConv1d(timbre_channels, 2 * channels * n_layers, 1)
        self.in_layers = nn.ModuleList(
            WeightNormConv1d(channels, 2 * channels, kernel_size, padding=kernel_size // 2)
            for _ in range(n_layers)
        )
        # The last layer has no residual path, only a skip.
        self.res_skip_layers = nn.ModuleList(
            WeightNormConv1d(channels, channels if i == n_layers - 1 else 2 * channels, 1)
            for i in range(n_layers)
        )

    def forward(self, x: Tensor, mask: Tensor, ge: Tensor) -> Tensor:
        """Map (batch, channels, time) to the same shape.

        Args:
            x: input of shape (batch, channels, time), zero where masked.
            mask: bool, (batch, 1, time).
            ge: timbre of shape (batch, timbre channels, 1).
        """
        conditions = self.cond_layer(ge).chunk(len(self.in_layers), dim=1)
        output = torch.zeros_like(x)
        for gates, res_skip, condition in zip(
            self.in_layers, self.res_skip_layers, conditions, strict=True
        ):
            filtered, gate = (gates(x) + condition).chunk(2, dim=1)
            gated = torch.tanh(filtered) * torch.sigmoid(gate)
            *residual, skip = res_skip(gated).split(x.shape[1], dim=1)
            output = output + skip
            if residual:
                x = (x + residual[0]) * mask
        return output * mask
