"""Exemplars: a person's own words, as the model renders them and as they really sounded.

What a model renders of a stranger lacks what it never heard of such a voice. A recording tells it:
its words are rendered too, and compared with the recording frame by frame. What frames lacked is
then lent to the frames that are most like them, whatever those say. (Baas et al. 2023, "Voice
Conversion With Just Nearest Neighbors", take whole frames; here the words stay the model's own.)
Of the coarse shape of spectra only half is lent: it tells sounds apart, and frames that are alike
for the model need not have been of the same sound. All that is lent changes smoothly, however the
neighbours change from one frame to the next.

How much is lent depends on how much there is. The nearest frames of a few seconds are far away, and
going towards them costs words; those of most of a minute are near. Then fewer of them count, and
finer shapes, up to the harmonics, which tell people apart, go a part of the way to theirs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor
from torch.nn import functional as F

from mynah.acoustic.cepstrum import shape

PLENTY = 1_000
"""Frames, 20 s of them, from which on there is much to choose from."""
FEW_NEIGHBOURS, NEIGHBOURS = 8, 16
"""That count where there is plenty, and where there is not."""
SOFTNESS = 2.0
"""Distance by which a neighbour has to be further away to count e times less."""
COARSE, FINE = 4, 20
"""Cepstral coefficients: below the first the coarse shape, from the second on harmonics."""
COARSE_SHARE = 0.5
BETWEEN_SHARE = 0.4
"""How far shapes between coarse and fine go towards those of the neighbours, given plenty."""


@dataclass(frozen=True, slots=True, eq=False)
class Exemplars:
    """Frames of a person's words.

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
        lacking = ((heard - rendered) * spoken).T
        return cls(rendered.T, lacking - (1 - COARSE_SHARE) * shape(lacking, 0, COARSE))

    @classmethod
    def joined(cls, exemplars: Sequence[Self]) -> Self:
        """Those of several recordings of a person as one's."""
        rendered, lacking = zip(*((each.rendered, each.lacking) for each in exemplars), strict=True)
        return cls(torch.cat(rendered), torch.cat(lacking))

    def lend(self, latents: Tensor, mask: Tensor) -> Tensor:
        """Lends to a row what frames that are like its own have.

        Args:
            latents: painted, (channels, frames).
            mask: bool, (frames,); what is masked stays.

        Returns:
            Latents of which the mels are changed.
        """
        bands, known = self.rendered.shape[1], len(self.rendered)
        neighbours, between = (
            (FEW_NEIGHBOURS, BETWEEN_SHARE) if known >= PLENTY else (NEIGHBOURS, 0.0)
        )
        mel = latents[:bands, mask].T
        apart = torch.cdist(mel, self.rendered) / SOFTNESS
        nearest = apart.topk(min(neighbours, known), largest=False)
        weights = (-nearest.values).softmax(dim=1)[:, :, None]
        alike, lacked = (
            (of_frames[nearest.indices] * weights).sum(dim=1)
            for of_frames in (self.rendered, self.lacking)
        )
        lent = lacked + between * shape(alike - mel, COARSE, FINE)
        given = latents.clone()
        given[:bands, mask] += _smooth(lent.T)
        return given

    def to(self, device: torch.device) -> Self:
        """The same on a device."""
        return type(self)(self.rendered.to(device), self.lacking.to(device))

    @property
    def nbytes(self) -> int:
        """Bytes."""
        return self.rendered.nbytes + self.lacking.nbytes


def _smooth(mels: Tensor) -> Tensor:
    """Mels (bands, frames), each frame with a quarter of either neighbour: 60 ms of Hann."""
    before_and_after = F.pad(mels[None], (1, 1), mode="replicate")[0].unfold(1, 3, 1)
    return before_and_after @ torch.tensor([0.25, 0.5, 0.25]).to(mels)
