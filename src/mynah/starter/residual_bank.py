"""Residual bank: what a model's renderings of a person's own words lack, frame by frame.

What a model renders of a stranger lacks what training never heard of such a voice. The words of a
recording are rendered too, aligned with it by dynamic time warping, and compared with it frame by
frame. Every frame of new speech then gets the mean residual of its k nearest neighbours among these
frames, whatever their words. (Baas et al. 2023, "Voice Conversion With Just Nearest Neighbors",
take whole frames; here the words stay the model's own.) Of the coarse shape of spectra only half is
added: it tells sounds apart, and frames that are alike for the model need not be of the same sound.
The residual changes smoothly, however the neighbours change from one frame to the next.

The nearest frames of a few seconds are far away, so the slope of the residual is estimated (local
linear regression) and followed on the way from them, and less is added where nothing was like them.
Those of most of a minute are near: then fewer of them count, and finer shapes, up to the harmonics,
which tell people apart, go most of the way to theirs. In both cases less is added where sounds
change quickly, since words are lost there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor
from torch.nn import functional as F

from mynah.audio.cepstrum import lifter
from mynah.starter.dtw import dtw_path

PLENTY = 1_000
"""Frames, 20 s of them, from which on there is much to choose from."""
FEW_NEIGHBOURS, NEIGHBOURS = 8, 16
"""That count where there is plenty, and where there is not."""
SOFTNESS = 2.0
"""Distance by which a neighbour has to be further away to count e times less."""
COARSE, FINE = 4, 20
"""Cepstral coefficients: below the first the coarse shape, from the second on harmonics."""
COARSE_SHARE = 0.5
BETWEEN_SHARE = 0.7
"""Share by which shapes between both go towards those of the neighbours, given plenty."""
RIDGE = 0.1
"""Of the regression, in squared deviations of a band: few frames tell little of most directions."""
STEADY = 0.4
"""Mean difference between the frames around one up to which the whole residual is added."""
UNSTEADY_OF_PLENTY, UNSTEADY = 0.5, 0.3
"""By how much more it is e times less, where there is plenty, and where there is not."""
BESIDE = 3
"""Frames on either side of one that are no neighbours of it, but the same sound."""
PROBED = 500
"""Frames at most whose distance from their neighbours is measured."""


@dataclass(frozen=True, slots=True, eq=False)
class AlignedFrames:
    """Frames of a recording's words.

    Attributes:
        rendered: post-filtered mels, (frames, bands).
        residual: to be added for them to be more like the recording's, (frames, bands).
    """

    rendered: Tensor
    residual: Tensor

    @classmethod
    def of(cls, rendered: Tensor, reference: Tensor, spoken: Tensor) -> Self:
        """Align a rendering with the recording of the same words.

        Args:
            rendered: post-filtered mels, (bands, frames).
            reference: mels of the recording, (bands, frames).
            spoken: mask of the frames that are no pause, (1, frames); pauses have no residual.
        """
        made, real = rendered.T, reference.T
        made = made[dtw_path(lifter(made, 0, FINE), lifter(real, 0, FINE))]
        residual = (real - made) * spoken.T
        return cls(made, residual - (1 - COARSE_SHARE) * lifter(residual, 0, COARSE))


@dataclass(frozen=True, slots=True, eq=False)
class ResidualBank:
    """Frames of one person's words.

    Attributes:
        rendered: see `AlignedFrames`.
        residual: see `AlignedFrames`.
        slope: of the residual over what is rendered, (bands, bands).
        distance: median of these frames from their neighbours, ().
    """

    rendered: Tensor
    residual: Tensor
    slope: Tensor
    distance: Tensor

    @classmethod
    def of(cls, recordings: Sequence[AlignedFrames]) -> Self:
        """The bank of recordings of one person."""
        rendered = torch.cat([each.rendered for each in recordings])
        residual = torch.cat([each.residual for each in recordings])
        return cls(rendered, residual, _slope(rendered, residual), _median_distance(rendered))

    def apply(self, latents: Tensor, mask: Tensor) -> Tensor:
        """Add the residuals of the nearest frames.

        Args:
            latents: post-filtered, (channels, frames).
            mask: bool, (frames,); what is masked stays.

        Returns:
            Latents of which the mels are changed.
        """
        bands = self.rendered.shape[1]
        mel = latents[:bands, mask].T
        nearest = _nearest(torch.cdist(mel, self.rendered))
        weights = (-nearest.values / SOFTNESS).softmax(dim=1)[:, :, None]
        rendered, residual = (
            (of_frames[nearest.indices] * weights).sum(dim=1)
            for of_frames in (self.rendered, self.residual)
        )
        residual = residual + (mel - rendered) @ self.slope
        plenty = len(self.rendered) >= PLENTY
        share = _steadiness(mel, UNSTEADY_OF_PLENTY if plenty else UNSTEADY)
        if not plenty:
            share *= self.distance / nearest.values.mean(dim=1).clamp(min=self.distance)
        out = latents.clone()
        out[:bands, mask] += _smooth((share[:, None] * residual).T)
        return out

    def to(self, device: torch.device) -> Self:
        """The same on a device."""
        parts = (self.rendered, self.residual, self.slope, self.distance)
        return type(self)(*(part.to(device) for part in parts))

    @property
    def nbytes(self) -> int:
        """Bytes."""
        parts = (self.rendered, self.residual, self.slope, self.distance)
        return sum(part.nbytes for part in parts)


def _nearest(distances: Tensor) -> torch.return_types.topk:
    """Distances to the neighbours that count, (frames, neighbours), and their indices."""
    known = distances.shape[1]
    neighbours = FEW_NEIGHBOURS if known >= PLENTY else NEIGHBOURS
    return distances.topk(min(neighbours, known), largest=False)


def _slope(rendered: Tensor, residual: Tensor) -> Tensor:
    """Slope of the residual over what is rendered, (bands, bands).

    By ridge regression of few frames. Given plenty, towards the neighbours in shapes that tell
    people apart, and not at all in others.
    """
    bands = rendered.shape[1]
    if len(rendered) >= PLENTY:
        return -BETWEEN_SHARE * lifter(torch.eye(bands), COARSE, FINE).to(rendered)
    made, missing = (each.double() - each.double().mean(dim=0) for each in (rendered, residual))
    ridge = RIDGE * len(rendered) * torch.eye(bands).to(made)
    return torch.linalg.solve(made.T @ made + ridge, made.T @ missing).float()


def _median_distance(rendered: Tensor) -> Tensor:
    """The median distance of some of the frames from their neighbours."""
    every = -(-len(rendered) // PROBED)
    places = torch.arange(len(rendered), device=rendered.device)
    distances = torch.cdist(rendered[::every], rendered)
    distances[(places[::every, None] - places).abs() <= BESIDE] = torch.inf
    return _nearest(distances).values.mean(dim=1).median().clamp(1e-6, 1e6)


def _steadiness(mel: Tensor, unsteady: float) -> Tensor:
    """Share of the residual that each frame of mels (frames, bands) gets: 1 where sounds last."""
    around = F.pad(mel.T[None], (1, 1), mode="replicate")[0]
    moved = (around[:, 2:] - around[:, :-2]).abs().mean(dim=0)
    return (-((moved - STEADY).clamp(min=0) / unsteady).square()).exp()


def _smooth(mels: Tensor) -> Tensor:
    """Mels (bands, frames), each frame with a quarter of either neighbour: 60 ms of Hann."""
    before_and_after = F.pad(mels[None], (1, 1), mode="replicate")[0].unfold(1, 3, 1)
    return before_and_after @ torch.tensor([0.25, 0.5, 0.25]).to(mels)
