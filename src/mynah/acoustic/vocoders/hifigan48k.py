"""The vocoder of v4: mels at 100 frames a second to a waveform at 48 kHz, a HiFi-GAN generator.

Source: Kong et al., "HiFi-GAN" (arXiv:2010.05646). Upstream: `module/models.py`, `Generator`,
without a timbre. Attributes bear the names of released weights, whose weight norm is folded.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mynah.acoustic.sovits.hifigan import SLOPE, ResidualBlock, sum_of
from mynah.acoustic.sovits.weight_norm import fuse

MEL_BANDS = 100
RATES = (10, 6, 2, 2, 2)
_KERNELS = (20, 12, 4, 4, 4)
_BLOCKS = ((3, (1, 3, 5)), (7, (1, 3, 5)), (11, (1, 3, 5)))


class HiFiGAN48k(nn.Module):
    """Upsamples 480 times; `width` are the channels before the first upsampling."""

    def __init__(self, width: int = 512) -> None:
        super().__init__()
        self.conv_pre = nn.Conv1d(MEL_BANDS, width, 7, padding=3)
        self.ups = nn.ModuleList()
        self.resblocks = nn.ModuleList()
        for rate, kernel in zip(RATES, _KERNELS, strict=True):
            self.ups.append(
                nn.ConvTranspose1d(width, width // 2, kernel, rate, (kernel - rate) // 2)
            )
            width //= 2
            self.resblocks.extend(ResidualBlock(width, *sizes) for sizes in _BLOCKS)
        self.conv_post = nn.Conv1d(width, 1, 7, padding=3)
        fuse(self.resblocks)

    def forward(self, mel: Tensor) -> Tensor:
        """Waveform (batch, samples) between -1 and 1 of log mels (batch, 100, frames)."""
        x = self.conv_pre(mel)
        for number, up in enumerate(self.ups):
            x = up(F.leaky_relu(x, SLOPE))
            blocks = self.resblocks[number * len(_BLOCKS) : (number + 1) * len(_BLOCKS)]
            x = sum_of([block(x) for block in blocks]) / len(_BLOCKS)
        return torch.tanh(self.conv_post(F.leaky_relu(x))).squeeze(1)
