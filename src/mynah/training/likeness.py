"""Spectral likeness: distance of speech to the nearest frames of a person's recordings.

Each frame is compared with the nearest frames of the recordings, whatever is said in them, so that
neither texts nor a speaker encoder are needed (kNN distances; Baas et al. 2023, "Voice Conversion
With Just Nearest Neighbors", match frames). The timbre of SoVITS's own reference encoder does not
change with further recordings of a voice, and this does: see docs/training.md.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from mynah.audio.cepstrum import dct_basis
from mynah.audio.log_mel import log_mel, speech_frames
from mynah.audio.recording import Recording
from mynah.audio.spectrogram import SAMPLE_RATE, linear_spectrogram
from mynah.training.prepare.slices import Slice

COEFFICIENTS = slice(1, 20)
"""Cepstral coefficients that are compared: no level, and shapes up to the harmonics."""
NEIGHBOURS = 3
TOGETHER = 2000
"""Frames that are compared at a time; all distances of half an hour would be gigabytes."""
LEAST = 1e-3
"""Least distance; synthetic signals may be equal."""


class Likeness:
    """Likeness to a person.

    Args:
        references: recordings of the person that a version is not trained on.
        others: further recordings of the person; their mean distance from the references is a
            likeness of 1.
    """

    def __init__(self, references: Sequence[Slice], others: Sequence[Slice]) -> None:
        self._references = _cepstra_of(references)
        self._own = max(self._distance(_cepstra_of(others)), LEAST)

    def __call__(self, said: Recording) -> float:
        """Likeness of speech, above 0: 1 is as near as the person's own, less is further away.

        Synthetic speech is smoother than recordings, and may therefore be nearer than 1.
        """
        return self._own / max(self._distance(_cepstra(said)), LEAST)

    def _distance(self, cepstra: Tensor) -> float:
        """Mean distance of frames (frames, coefficients) from the nearest of the references."""
        count = min(NEIGHBOURS, len(self._references))
        nearest = [
            torch.cdist(part, self._references).topk(count, largest=False).values
            for part in cepstra.split(TOGETHER)
        ]
        return float(torch.cat(nearest).mean())


def _cepstra_of(slices: Sequence[Slice]) -> Tensor:
    return torch.cat([_cepstra(Recording(each.samples, SAMPLE_RATE)) for each in slices])


@torch.inference_mode()
def _cepstra(said: Recording) -> Tensor:
    """Cepstra of the frames that are no pause, (frames, coefficients)."""
    mel = log_mel(linear_spectrogram(torch.from_numpy(said.at(SAMPLE_RATE).samples)[None]))
    spoken = mel[0].T[speech_frames(mel)[0, 0]]
    return spoken @ dct_basis(spoken.shape[1], COEFFICIENTS.stop)[COEFFICIENTS.start :].T
