"""Exemplars: a person's own words, as the model renders them and as they really sounded.

What a model renders of a stranger lacks what it never heard of such a voice. A recording tells it:
its words are rendered too, and compared with the recording frame by frame. What frames lacked is
then lent to the frames that are most like them, whatever those say. (Baas et al. 2023, "Voice
Conversion With Just Nearest Neighbors", take whole frames; here the words stay the model's own.)
Of the coarse shape of spectra only half is lent: it tells sounds apart, and frames that are alike
for the model need not have been of the same sound.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from mynah.acoustic.cepstrum import cosines

NEIGHBOURS = 16
SOFTNESS = 2.0
"""Distance by which a neighbour has to be further away to count e times less."""
COARSE = 6
"""Cepstral coefficients that are the coarse shape."""
COARSE_SHARE = 0.5


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
        coarse = cosines(len(rendered), COARSE).to(rendered)
        return cls(rendered.T, lacking - (1 - COARSE_SHARE) * lacking @ coarse.T @ coarse)

    @classmethod
    def joined(cls, exemplars: Sequence[Self]) -> Self:
        """Those of several recordings of a person as one's."""
        rendered, lacking = zip(*((each.rendered, each.lacking) for each in exemplars), strict=True)
        return cls(torch.cat(rendered), torch.cat(lacking))

    def lend(self, latents: Tensor) -> Tensor:
        """Painted latents (channels, frames), the mels with what frames like theirs lacked."""
        bands = self.rendered.shape[1]
        mel, rest = latents[:bands], latents[bands:]
        apart = torch.cdist(mel.T, self.rendered) / SOFTNESS
        nearest = apart.topk(min(NEIGHBOURS, len(self.rendered)), largest=False)
        weights = (-nearest.values).softmax(dim=1)
        lacked = (self.lacking[nearest.indices] * weights[:, :, None]).sum(dim=1)
        return torch.cat([mel + lacked.T, rest])

    @property
    def nbytes(self) -> int:
        """Bytes."""
        return self.rendered.nbytes + self.lacking.nbytes
