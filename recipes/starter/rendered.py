"""What rendered speech lacks on the whole: that from which `Colouring` brings it to a speaker's."""

from collections.abc import Iterable, Iterator
from itertools import starmap
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mynah.acoustic.colouring import Colouring, moments, speech
from mynah.acoustic.sovits.model import SoVITS
from recipes.starter.prior import MEL
from recipes.starter.sentences import Sentences

BATCHES, ROWS = 8, 8
WINDOW = 32
"""Frames of 20 ms in which changes are measured."""


Pairs = Iterable[tuple[Tensor, Tensor]]
"""Standardised mels (1, 80, T) of sentences, as the model renders them and as they are."""


def measure_rendering(model: SoVITS, work: Path) -> None:
    """Fills in the model's `colouring`, from sentences in many speakers' voices."""
    sentences, colouring = Sentences(work), model.colouring
    colouring.mean.copy_(sentences.frames.statistics["mel_mean"])
    colouring.deviation.copy_(sentences.frames.statistics["mel_deviation"])
    compare(colouring, _pairs(model, sentences))


@torch.no_grad()
def compare(colouring: Colouring, mels: Pairs) -> None:
    """Fills in what a `colouring` knows of rendered speech; of mels it knows how they vary."""
    pairs = list(mels)
    made, real = (torch.stack([*map(_changes, each)]).sum(0) for each in zip(*pairs, strict=True))
    colouring.taps.copy_(filter_of((real / made).sqrt()))
    told = starmap(moments, (_of_speech(colouring, rendered) for rendered, _ in pairs))
    means, covariances = (torch.cat(each).mean(dim=0) for each in zip(*told, strict=True))
    deviation = colouring.deviation[:, None]
    colouring.made.copy_(covariances / (deviation @ deviation.T))
    colouring.level.copy_(means.mean())


def filter_of(gains: Tensor) -> Tensor:
    """Taps (5,) of the symmetric filter that is nearest to gains (N,) from 0 to half the rate.

    What does not change has a gain of 1.
    """
    angles = torch.linspace(0, torch.pi, len(gains)).to(gains)
    waves = torch.stack([2 * angles.cos() - 2, 2 * (2 * angles).cos() - 2], dim=1)
    near, far = torch.linalg.lstsq(waves, gains[:, None] - 1).solution[:, 0].tolist()
    return torch.tensor([far, near, 1 - 2 * near - 2 * far, near, far])


@torch.no_grad()
def _pairs(model: SoVITS, sentences: Sentences) -> Iterator[tuple[Tensor, Tensor]]:
    rng = np.random.default_rng(0)
    with_words = [n for n, phones in enumerate(sentences.phones) if phones]
    for _ in range(BATCHES):
        batch = sentences.batch(rng.choice(with_words, ROWS).tolist(), rng, disguised=False)
        ge = model.reference(batch.reference, mask=batch.reference_mask)
        prior = model.prior(
            batch.codes, batch.phones, ge, lengths=batch.lengths, phone_lengths=batch.phone_lengths
        )
        rendered = model.flow.inverse(prior.mean, prior.mask, ge)[:, MEL]
        for row, frames in enumerate((2 * batch.lengths).tolist()):
            yield rendered[row : row + 1, :, :frames], batch.mel[row : row + 1, :, :frames]


def _changes(mel: Tensor) -> Tensor:
    """Power of a mel's changes by their rate, (17,): from 0 to 25 Hz."""
    windows = mel[0].unfold(1, WINDOW, WINDOW // 2)
    apart = (windows - windows.mean(dim=2, keepdim=True)) * torch.hann_window(WINDOW)
    return torch.fft.rfft(apart).abs().square().mean(dim=1).sum(dim=0)


def _of_speech(colouring: Colouring, rendered: Tensor) -> tuple[Tensor, Tensor]:
    """Log-mels (1, 80, T) behind the filter, and which of their frames are no pause."""
    mel = colouring.quickened(rendered) * colouring.deviation[:, None] + colouring.mean[:, None]
    return mel, speech(mel)
