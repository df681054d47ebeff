"""Exemplars: a person's own words, as the model renders them and as they really sounded.

What a model renders of a stranger lacks what it never heard of such a voice. A recording tells it:
its words are rendered too, warped in time to where they are in the recording, and compared with it
frame by frame. What frames lacked is then lent to the frames that are most like them, whatever
those say. (Baas et al. 2023, "Voice Conversion With Just Nearest Neighbors", take whole frames;
here the words stay the model's own.) Of the coarse shape of spectra only half is lent: it tells
sounds apart, and frames that are alike for the model need not have been of the same sound. All that
is lent changes smoothly, however the neighbours change from one frame to the next.

The nearest frames of a few seconds are far away, so how what is lacking changes from frame to frame
is estimated (local linear regression) and followed on the way from them, and less is lent where
nothing was like them. Those of most of a minute are near: then fewer of them count, and finer
shapes, up to the harmonics, which tell people apart, go most of the way to theirs. In both cases
less is lent where sounds change quickly, since words are lost there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor
from torch.nn import functional as F

from mynah.acoustic.cepstrum import shape
from mynah.acoustic.warping import warped

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
"""How far shapes between coarse and fine go towards those of the neighbours, given plenty."""
RIDGE = 0.1
"""Of the regression, in squared deviations of a band: few frames tell little of most directions."""
STEADY = 0.4
"""Mean difference between the frames around one up to which all is lent."""
UNSTEADY_OF_PLENTY, UNSTEADY = 0.5, 0.3
"""By how much more it is e times less, where there is plenty, and where there is not."""
BESIDE = 3
"""Frames on either side of one that are no neighbours of it, but the same sound."""
ASKED = 500
"""Frames at most that are asked how far their neighbours are."""


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Frames of a recording's words.

    Attributes:
        rendered: coloured mels, (frames, bands).
        lacking: what is to be added for them to be more like the recording's, (frames, bands).
    """

    rendered: Tensor
    lacking: Tensor

    @classmethod
    def of(cls, rendered: Tensor, heard: Tensor, spoken: Tensor) -> Self:
        """Compares what was rendered with what was heard.

        Args:
            rendered: coloured mels, (bands, frames).
            heard: mels of the recording, (bands, frames).
            spoken: which frames are no pause, bool, (1, frames); pauses lack nothing.
        """
        made, real = rendered.T, heard.T
        made = made[warped(shape(made, 0, FINE), shape(real, 0, FINE))]
        lacking = (real - made) * spoken.T
        return cls(made, lacking - (1 - COARSE_SHARE) * shape(lacking, 0, COARSE))


@dataclass(frozen=True, slots=True, eq=False)
class Exemplars:
    """Frames of a person's words.

    Attributes:
        rendered: see `Comparison`.
        lacking: see `Comparison`.
        slope: how what is lacking changes with what is rendered, (bands, bands).
        apart: how far frames of these words are from their neighbours, ().
    """

    rendered: Tensor
    lacking: Tensor
    slope: Tensor
    apart: Tensor

    @classmethod
    def of(cls, comparisons: Sequence[Comparison]) -> Self:
        """Those of recordings of one person."""
        rendered = torch.cat([each.rendered for each in comparisons])
        lacking = torch.cat([each.lacking for each in comparisons])
        return cls(rendered, lacking, _slope(rendered, lacking), _apart(rendered))

    def apply(self, latents: Tensor, mask: Tensor) -> Tensor:
        """Lends to a row what frames that are like its own have.

        Args:
            latents: painted, (channels, frames).
            mask: bool, (frames,); what is masked stays.

        Returns:
            Latents of which the mels are changed.
        """
        bands = self.rendered.shape[1]
        mel = latents[:bands, mask].T
        nearest = _nearest(torch.cdist(mel, self.rendered))
        weights = (-nearest.values / SOFTNESS).softmax(dim=1)[:, :, None]
        alike, lacked = (
            (of_frames[nearest.indices] * weights).sum(dim=1)
            for of_frames in (self.rendered, self.lacking)
        )
        lent = lacked + (mel - alike) @ self.slope
        plenty = len(self.rendered) >= PLENTY
        share = _steadiness(mel, UNSTEADY_OF_PLENTY if plenty else UNSTEADY)
        if not plenty:
            share *= self.apart / nearest.values.mean(dim=1).clamp(min=self.apart)
        given = latents.clone()
        given[:bands, mask] += _smooth((share[:, None] * lent).T)
        return given

    def to(self, device: torch.device) -> Self:
        """The same on a device."""
        parts = (self.rendered, self.lacking, self.slope, self.apart)
        return type(self)(*(part.to(device) for part in parts))

    @property
    def nbytes(self) -> int:
        """Bytes."""
        return self.rendered.nbytes + self.lacking.nbytes + self.slope.nbytes + self.apart.nbytes


def _nearest(apart: Tensor) -> torch.return_types.topk:
    """Distances to those that count, (frames, neighbours) of (frames, all), and which they are."""
    known = apart.shape[1]
    neighbours = FEW_NEIGHBOURS if known >= PLENTY else NEIGHBOURS
    return apart.topk(min(neighbours, known), largest=False)


def _slope(rendered: Tensor, lacking: Tensor) -> Tensor:
    """How what is lacking changes with what is rendered, (bands, bands).

    By ridge regression of few frames. Given plenty, towards the neighbours in shapes that tell
    people apart, and not at all in others.
    """
    bands = rendered.shape[1]
    if len(rendered) >= PLENTY:
        return -BETWEEN_SHARE * shape(torch.eye(bands), COARSE, FINE).to(rendered)
    made, lacked = (each.double() - each.double().mean(dim=0) for each in (rendered, lacking))
    ridge = RIDGE * len(rendered) * torch.eye(bands).to(made)
    return torch.linalg.solve(made.T @ made + ridge, made.T @ lacked).float()


def _apart(rendered: Tensor) -> Tensor:
    """The median distance of some of the frames from their neighbours."""
    every = -(-len(rendered) // ASKED)
    places = torch.arange(len(rendered), device=rendered.device)
    apart = torch.cdist(rendered[::every], rendered)
    apart[(places[::every, None] - places).abs() <= BESIDE] = torch.inf
    return _nearest(apart).values.mean(dim=1).median().clamp(1e-6, 1e6)


def _steadiness(mel: Tensor, unsteady: float) -> Tensor:
    """What share is lent to each frame of mels (frames, bands): 1 where sounds last."""
    around = F.pad(mel.T[None], (1, 1), mode="replicate")[0]
    moved = (around[:, 2:] - around[:, :-2]).abs().mean(dim=0)
    return (-((moved - STEADY).clamp(min=0) / unsteady).square()).exp()


def _smooth(mels: Tensor) -> Tensor:
    """Mels (bands, frames), each frame with a quarter of either neighbour: 60 ms of Hann."""
    before_and_after = F.pad(mels[None], (1, 1), mode="replicate")[0].unfold(1, 3, 1)
    return before_and_after @ torch.tensor([0.25, 0.5, 0.25]).to(mels)
