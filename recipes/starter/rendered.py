"""Statistics of rendered speech, from which `MelPostfilter` brings it to a speaker's."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import starmap
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mynah.acoustic.sovits.model import SoVITS
from mynah.audio.log_mel import speech_frames
from mynah.starter.mel_postfilter import MelPostfilter, moments
from recipes.starter.prior import MEL
from recipes.starter.sentences import Sentences

BATCHES, ROWS = 8, 8
WINDOW = 32
"""Frames of 20 ms in which changes are measured."""


Pairs = Iterable[tuple[Tensor, Tensor]]
"""Standardised mels (1, 80, T) of sentences, as the model renders them and as they are."""


def measure_rendering(model: SoVITS, work: Path) -> MelPostfilter:
    """The model's post-filter, from sentences in many speakers' voices."""
    sentences = Sentences(work)
    statistics = sentences.frames.statistics
    return fit_postfilter(
        statistics["mel_mean"], statistics["mel_deviation"], _pairs(model, sentences)
    )


@torch.no_grad()
def fit_postfilter(mean: Tensor, deviation: Tensor, mels: Pairs) -> MelPostfilter:
    """The post-filter of a model.

    Args:
        mean: of log-mels, (80,), that they were standardised with.
        deviation: of log-mels, (80,).
        mels: of sentences.
    """
    pairs = list(mels)
    made, real = (torch.stack([*map(_changes, each)]).sum(0) for each in zip(*pairs, strict=True))
    taps = filter_of((real / made).sqrt())
    begun = MelPostfilter(mean, deviation, torch.eye(len(mean)), torch.zeros(()), taps)
    told = starmap(moments, (_of_speech(begun, rendered) for rendered, _ in pairs))
    means, covariances = (torch.cat(each).mean(dim=0) for each in zip(*told, strict=True))
    covariance = covariances / (deviation[:, None] @ deviation[None])
    return replace(begun, covariance=covariance.float(), level=means.mean().float())


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


def _of_speech(postfilter: MelPostfilter, rendered: Tensor) -> tuple[Tensor, Tensor]:
    """Log-mels (1, 80, T) behind the filter in time, and a mask of what is no pause."""
    mel = postfilter.sharpen_modulation(rendered)
    mel = mel * postfilter.deviation[:, None] + postfilter.mean[:, None]
    return mel, speech_frames(mel)
