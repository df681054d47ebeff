"""CTC aligner: a convolutional encoder of mel spectrograms whose head scores phonemes."""

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mynah.audio.spectrogram import mel_filterbank

SAMPLE_RATE = 16_000
HOP = 320
"""Samples of a frame: 20 ms."""
_FFT = 400
_MEL_HOP = 160


@dataclass(frozen=True, slots=True)
class AlignerConfig:
    """Sizes of an aligner, kept in its checkpoint."""

    width: int = 384
    layers: int = 2
    heads: int = 6
    hidden: int = 1536
    bands: int = 80
    symbols: int = 732


class LogMel(nn.Module):
    """Waveform to log-mel bands every 10 ms as Whisper reads them: (B, bands, T)."""

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.register_buffer("filters", mel_filterbank(bands, _FFT, SAMPLE_RATE), persistent=False)
        self.register_buffer("window", torch.hann_window(_FFT), persistent=False)

    filters: Tensor
    window: Tensor

    def forward(self, samples: Tensor) -> Tensor:
        """Map (B, S) at 16 kHz to (B, bands, S / 160), at most 80 dB below the loudest."""
        spectrum = torch.stft(samples, _FFT, _MEL_HOP, window=self.window, return_complex=True)
        power = spectrum[..., :-1].abs().square()
        mel = (self.filters @ power).clamp(min=1e-10).log10()
        mel = torch.maximum(mel, mel.amax((1, 2), keepdim=True) - 8.0)
        return (mel + 4.0) / 4.0


class AlignerBlock(nn.Module):
    """Attention, then a feed-forward layer; pre-norm."""

    def __init__(self, config: AlignerConfig) -> None:
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.attention_norm = nn.LayerNorm(width)
        self.attention_in = nn.Linear(width, 3 * width)
        self.attention_out = nn.Linear(width, width)
        self.feed_forward_norm = nn.LayerNorm(width)
        self.feed_forward_in = nn.Linear(width, config.hidden)
        self.feed_forward_out = nn.Linear(config.hidden, width)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Map (B, T, width) to the same shape; `mask` (B, T) is false where rows are padded."""
        x = x + self._attend(self.attention_norm(x), mask)
        hidden = F.gelu(self.feed_forward_in(self.feed_forward_norm(x)))
        return x + self.feed_forward_out(hidden)

    def _attend(self, x: Tensor, mask: Tensor | None) -> Tensor:
        batch, frames, width = x.shape
        split = self.attention_in(x).view(batch, frames, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        keys = None if mask is None else mask[:, None, None, :]
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=keys)
        return self.attention_out(mixed.transpose(1, 2).reshape(batch, frames, width))


class CTCAligner(nn.Module):
    """16 kHz waveforms to hidden states and, through the CTC head, to phoneme scores.

    Args:
        config: its sizes.
    """

    def __init__(self, config: AlignerConfig) -> None:
        super().__init__()
        self.config = config
        self.mel = LogMel(config.bands)
        self.convolutions = nn.ModuleList(
            [
                nn.Conv1d(config.bands, config.width, 3, padding=1),
                nn.Conv1d(config.width, config.width, 3, stride=2, padding=1),
            ]
        )
        self.blocks = nn.ModuleList(AlignerBlock(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)
        self.phonemes = nn.Linear(config.width, config.symbols + 1)

    @property
    def blank(self) -> int:
        """Class of the CTC head that stands for no phoneme."""
        return self.config.symbols

    def encode(self, mel: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Hidden states of log-mel bands.

        Args:
            mel: (B, bands, 2 T).
            lengths: (B,) of the T frames that are not padding; all when None.

        Returns:
            (B, T, width).
        """
        x = mel
        for convolution in self.convolutions:
            x = F.gelu(convolution(x))
        x = x.transpose(1, 2)
        x = x + _positions(x.shape[1], x.shape[2], x.device)
        mask = None
        if lengths is not None:
            mask = torch.arange(x.shape[1], device=x.device) < lengths[:, None]
        for block in self.blocks:
            x = block(x, mask)
        return self.norm(x)

    def phoneme_scores(self, hidden: Tensor) -> Tensor:
        """Log-probabilities (B, T, symbols + 1) of the CTC head; the last class is blank."""
        return F.log_softmax(self.phonemes(hidden).float(), dim=-1)


def _positions(frames: int, width: int, device: torch.device) -> Tensor:
    """Whisper's sinusoids: sines in one half of the channels, cosines in the other."""
    steps = torch.arange(width // 2, device=device) / (width // 2 - 1)
    rates = torch.exp(-math.log(10_000.0) * steps)
    angles = torch.arange(frames, device=device)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class PhonemeScores(Protocol):
    """Scores of phonemes for every frame of a waveform."""

    def __call__(self, samples: Tensor) -> Tensor:
        """Log-probabilities (1, T, 733) of a waveform (1, 320 T) at 16 kHz; the last is blank."""
        ...


class Head:
    """The CTC head of an aligner, for inference."""

    def __init__(self, encoder: CTCAligner) -> None:
        self._encoder = encoder

    @torch.inference_mode()
    def __call__(self, samples: Tensor) -> Tensor:
        """Log-probabilities (1, T, 733) of a waveform (1, 320 T) at 16 kHz; the last is blank."""
        return self._encoder.phoneme_scores(self._encoder.encode(self._encoder.mel(samples)))
