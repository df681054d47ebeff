"""Colouring: rendered mels get back what a mean has lost, in time and in the speaker's own way.

A network that foresees sound foresees means. They move more slowly than speech, for everybody
alike: a filter in time gives quick changes back what they lack on the whole (Takamichi et al. 2014,
"A postfilter to modify the modulation spectrum"). And their bands vary together more evenly than
any speaker's: mels are moved by the least change that gives them the covariance of a recording's
(the optimal transport between normal distributions; Li et al. 2017, "Universal Style Transfer via
Feature Transforms", do the like with pictures). A few seconds of a recording tell that.

Only models whose latents begin with standardised mels are coloured; released ones are not.
"""

from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mynah.acoustic.exemplars import Comparison
from mynah.audio.spectrogram import mel_filterbank

BANDS = 80
RIDGE = 0.02
"""Share of the mean variance that is added to each band's: few frames leave directions empty."""
PAUSE = 4.0
"""Nepers below the loudest frame: 35 dB."""


class Colouring(nn.Module):
    """Reads colours from recordings.

    Attributes:
        mean: of log-mels, (80,): those in latents are standardised.
        deviation: of log-mels, (80,).
        made: covariance of standardised mels of speech as the model renders them and the
            filter leaves them, (80, 80).
        level: mean of log-mels of speech as the model renders them, ().
        taps: of the filter in time, (5,); it is symmetric and leaves what lasts alone.
    """

    mean: Tensor
    deviation: Tensor
    made: Tensor
    level: Tensor
    taps: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(BANDS))
        self.register_buffer("deviation", torch.ones(BANDS))
        self.register_buffer("made", torch.eye(BANDS))
        self.register_buffer("level", torch.zeros(()))
        self.register_buffer("taps", torch.tensor([0.0, 0.0, 1.0, 0.0, 0.0]))

    @torch.no_grad()
    def forward(self, spectrograms: Sequence[Tensor], mask: Tensor | None = None) -> Tensor:
        """The colour of a speaker heard in one or several recordings.

        Args:
            spectrograms: one linear spectrogram (batch, 1025, frames) per recording.
            mask: bool, (batch, 1, frames), of every recording; all frames there are without.

        Returns:
            (batch, 80, 81): what mels are multiplied with, and in the last column what is added.
        """
        heard = [self._moments(log_mel(each), mask) for each in spectrograms]
        mean, wanted = (torch.stack(parts).mean(0) for parts in zip(*heard, strict=True))
        matrix = _never_less(transport(self.made.double().expand_as(wanted), wanted))
        return torch.cat([matrix, mean - matrix @ mean], dim=2).float()

    def _moments(self, mel: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """Mean (batch, 80, 1) and covariance (batch, 80, 80) of standardised mels of speech."""
        spoken = speech(mel, mask)
        return moments(self._standardised(mel, spoken), spoken)

    def _standardised(self, mel: Tensor, spoken: Tensor) -> Tensor:
        """Log-mels (batch, 80, frames) as latents have them, at one level where it is spoken."""
        level = (mel.mean(dim=1, keepdim=True) * spoken).sum(dim=2, keepdim=True)
        level = level / spoken.sum(dim=2, keepdim=True)  # a microphone's is no colour
        return (mel + self.level - level - self.mean[:, None]) / self.deviation[:, None]

    def filter(self, latents: Tensor, colour: Tensor) -> Tensor:
        """Latents (batch, channels, frames), zero where masked, in colours (batch, 80, 81)."""
        mel = colour[:, :, :-1] @ self.quickened(latents[:, :BANDS]) + colour[:, :, -1:]
        return torch.cat([mel, latents[:, BANDS:]], dim=1)

    def compare(self, latents: Tensor, spectrogram: Tensor) -> Comparison:
        """What a recording's frames lack when its words are rendered.

        Args:
            latents: painted, of the recording's words, (1, channels, frames).
            spectrogram: of the recording, (1, 1025, frames); one of both may go on for longer.
        """
        mel = log_mel(spectrogram)[:, :, : latents.shape[2]]
        rendered, spoken = latents[:, :BANDS, : mel.shape[2]], speech(mel)
        return Comparison.of(rendered[0], self._standardised(mel, spoken)[0], spoken[0])

    def quickened(self, mel: Tensor) -> Tensor:
        """Mels (batch, 80, frames) that move as quickly as speech."""
        rows = mel.reshape(-1, 1, mel.shape[2])
        return F.conv1d(rows, self.taps[None, None].to(mel), padding=len(self.taps) // 2).view_as(
            mel
        )


def log_mel(spectrogram: Tensor) -> Tensor:
    """The log-mel (batch, 80, frames) of magnitudes (batch, 1025, frames) at 32 kHz.

    It is that of the public HiFi-GAN, which was made for 22.05 kHz and is run as if for 16 kHz: its
    1,024-point spectrum then spans 64 ms, which at 32 kHz are 2,048 points, of which it sees the
    lower half.
    """
    filters = _filters().to(spectrogram)
    return (filters @ (spectrogram[:, : filters.shape[1]] / 2.0)).clamp(min=1e-5).log()


def speech(mel: Tensor, mask: Tensor | None = None) -> Tensor:
    """Which frames of log-mels (batch, 80, frames) are no pause: bool, (batch, 1, frames)."""
    levels = mel.mean(dim=1, keepdim=True)
    if mask is not None:
        levels = levels.masked_fill(~mask, -torch.inf)
    loud: Tensor = levels > levels.amax(dim=2, keepdim=True) - PAUSE
    return loud


def moments(mel: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (batch, 80, 1) and covariance (batch, 80, 80) of masked frames, in float64."""
    count, mel = mask.sum(dim=2, keepdim=True), mel.double()
    mean = (mel * mask).sum(dim=2, keepdim=True) / count
    apart = (mel - mean) * mask
    return mean, apart @ apart.mT / count


def transport(made: Tensor, wanted: Tensor) -> Tensor:
    """Symmetric matrices that give a normal variable of covariance `made` the covariance `wanted`.

    Args:
        made: covariances (batch, n, n).
        wanted: covariances (batch, n, n).
    """
    made, wanted = _ridged(made), _ridged(wanted)
    root, inverse = _power(made, 0.5), _power(made, -0.5)
    return inverse @ _power(root @ wanted @ root, 0.5) @ inverse


def _never_less(matrix: Tensor) -> Tensor:
    """The matrix without what it takes away: a recording may just lack the sounds that vary so."""
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values.clamp(min=1.0)[:, None]) @ vectors.mT


@cache
def _filters() -> Tensor:
    return mel_filterbank(BANDS, 1024, 22_050, 8_000.0)


def _ridged(covariance: Tensor) -> Tensor:
    variance = covariance.diagonal(dim1=1, dim2=2).mean(dim=1)[:, None, None]
    return covariance + RIDGE * variance * torch.eye(covariance.shape[1]).to(covariance)


def _power(covariance: Tensor, exponent: float) -> Tensor:
    values, vectors = torch.linalg.eigh(covariance)
    return (vectors * values.clamp(min=1e-9).pow(exponent)[:, None]) @ vectors.mT
