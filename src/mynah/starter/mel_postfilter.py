"""Mel post-filter: gives rendered mels back the modulation and the covariance that a mean lacks.

A network that predicts sound predicts means. They move more slowly than speech, for everybody
alike: a filter in time restores the modulation spectrum on the whole (Takamichi et al. 2014, "A
postfilter to modify the modulation spectrum"). And their bands vary together more evenly than any
speaker's: mels are moved by the least change that gives them the covariance of a recording's (the
optimal transport between normal distributions; Li et al. 2017, "Universal Style Transfer via
Feature Transforms", do the like with pictures). A few seconds of a recording tell that.

Latents of these models begin with standardised mels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor
from torch.nn import functional as F

from mynah.audio.log_mel import BANDS, log_mel, speech_frames
from mynah.starter.residual_bank import AlignedFrames

TAPS = 5
"""Of the filter in time."""
RIDGE = 0.02
"""Share of the mean variance that is added to each band's: few frames leave directions empty."""


@dataclass(frozen=True, slots=True, eq=False)
class MelPostfilter:
    """Statistics of rendered speech, and the filter from it to a speaker's.

    Attributes:
        mean: of log-mels, (80,): those in latents are standardised.
        deviation: of log-mels, (80,).
        covariance: of standardised mels of speech as the model renders them and the filter in time
            leaves them, (80, 80).
        level: mean of log-mels of speech as the model renders them, ().
        taps: of the filter in time, (5,); it is symmetric and leaves what lasts alone.
    """

    mean: Tensor
    deviation: Tensor
    covariance: Tensor
    level: Tensor
    taps: Tensor

    @torch.no_grad()
    def transform(self, spectrograms: Sequence[Tensor], mask: Tensor | None = None) -> Tensor:
        """The affine transform of mels to those of a speaker heard in one or several recordings.

        Args:
            spectrograms: one linear spectrogram (batch, 1025, frames) per recording.
            mask: bool, (batch, 1, frames), of every recording; all frames there are without.

        Returns:
            (batch, 80, 81): what mels are multiplied with, and in the last column what is added.
        """
        heard = [self._moments(log_mel(each), mask) for each in spectrograms]
        mean, wanted = (torch.stack(parts).mean(0) for parts in zip(*heard, strict=True))
        matrix = _never_less(transport(self.covariance.double().expand_as(wanted), wanted))
        return torch.cat([matrix, mean - matrix @ mean], dim=2).float()

    def apply(self, latents: Tensor, transform: Tensor) -> Tensor:
        """Sharpen and transform the mels of latents.

        Args:
            latents: (batch, channels, frames), zero where masked.
            transform: of each row, (batch, 80, 81).
        """
        mel = transform[:, :, :-1] @ self.sharpen_modulation(latents[:, :BANDS])
        return torch.cat([mel + transform[:, :, -1:], latents[:, BANDS:]], dim=1)

    def align(self, latents: Tensor, spectrogram: Tensor) -> AlignedFrames:
        """Align a rendering with the recording of its words.

        Args:
            latents: post-filtered, of the recording's words, (1, channels, frames).
            spectrogram: of the recording, (1, 1025, frames); one of both may go on for longer.
        """
        mel = log_mel(spectrogram)[:, :, : latents.shape[2]]
        rendered, spoken = latents[:, :BANDS, : mel.shape[2]], speech_frames(mel)
        return AlignedFrames.of(rendered[0], self._standardised(mel, spoken)[0], spoken[0])

    def sharpen_modulation(self, mel: Tensor) -> Tensor:
        """Mels (batch, 80, frames) that move as quickly as speech."""
        rows = mel.reshape(-1, 1, mel.shape[2])
        taps = self.taps[None, None].to(mel)
        return F.conv1d(rows, taps, padding=len(self.taps) // 2).view_as(mel)

    def to(self, device: torch.device) -> Self:
        """The same on a device."""
        parts = (self.mean, self.deviation, self.covariance, self.level, self.taps)
        return type(self)(*(part.to(device) for part in parts))

    def _moments(self, mel: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """Mean (batch, 80, 1) and covariance (batch, 80, 80) of standardised mels of speech."""
        spoken = speech_frames(mel, mask)
        return moments(self._standardised(mel, spoken), spoken)

    def _standardised(self, mel: Tensor, spoken: Tensor) -> Tensor:
        """Log-mels (batch, 80, frames) as latents have them, at one level where it is spoken."""
        level = (mel.mean(dim=1, keepdim=True) * spoken).sum(dim=2, keepdim=True)
        level = level / spoken.sum(dim=2, keepdim=True)  # a microphone's is no part of a voice
        return (mel + self.level - level - self.mean[:, None]) / self.deviation[:, None]


def moments(mel: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (batch, 80, 1) and covariance (batch, 80, 80) of masked frames, in float64."""
    count, mel = mask.sum(dim=2, keepdim=True), mel.double()
    mean = (mel * mask).sum(dim=2, keepdim=True) / count
    centred = (mel - mean) * mask
    return mean, centred @ centred.mT / count


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


def _ridged(covariance: Tensor) -> Tensor:
    variance = covariance.diagonal(dim1=1, dim2=2).mean(dim=1)[:, None, None]
    return covariance + RIDGE * variance * torch.eye(covariance.shape[1]).to(covariance)


def _power(covariance: Tensor, exponent: float) -> Tensor:
    values, vectors = torch.linalg.eigh(covariance)
    return (vectors * values.clamp(min=1e-9).pow(exponent)[:, None]) @ vectors.mT
