"""Means and deviations that a starter's prior and flow standardise frames with.

Its files tell them of mels alone. Those of smooth parts are found again: what the prior predicts
of sayings, beside how they are, tells them roughly, and the flow, which makes mels of smooth parts,
tells them better: they are moved until it does so best.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mynah.acoustic.sovits.model import SoVITS
from mynah.starter.mel_postfilter import MelPostfilter
from recipes.refinement.batches import Batch, Batches
from recipes.refinement.listener import said
from recipes.starter.frames import SMOOTH_CHANNELS
from recipes.starter.prior import LATENTS, MEL, SMOOTH

SAYINGS = 160
STEPS = 120
SECONDS = 16.0
RATE = 4e-3
FLATTER = 1.1
"""A mean varies less than what it is the mean of; so much the flow was seen to make of it."""

Standards = dict[str, Tensor]


def unsettled(postfilter: MelPostfilter) -> Standards:
    """Those of mels, and none of smooth parts."""
    return {
        "smooth_mean": torch.zeros(SMOOTH_CHANNELS),
        "smooth_deviation": torch.ones(SMOOTH_CHANNELS),
        "mel_mean": postfilter.mean,
        "mel_deviation": postfilter.deviation,
    }


def find(model: SoVITS, batches: Batches) -> Standards:
    """Standards of a model.

    Args:
        model: that learns nothing.
        batches: with standards that are `unsettled`.
    """
    own, mean, deviation = _predicted(model, batches)
    own_mean, own_deviation = own
    # What is moved is of the size of one whatever the channel.
    scale = (own_deviation / (FLATTER * deviation)).requires_grad_()
    shift = ((own_mean - mean) / deviation).requires_grad_()
    tune = torch.optim.Adam([scale, shift], RATE)
    rng = np.random.default_rng(0)
    groups = batches.groups(batches.learnt, SECONDS, 0)
    for step in range(STEPS):
        for part in tune.param_groups:
            part["lr"] = RATE * (1.0 - step / STEPS)
        numbers = groups[step % len(groups)]
        batch = batches.batch(numbers, rng, disguised=False, plain=True)
        standard = (batch.smooth - own_mean[:, None]) / own_deviation[:, None]
        loss = _missed(model, batch, standard * scale[:, None] + shift[:, None])
        tune.zero_grad()
        loss.backward()
        tune.step()
        if step % 20 == 19:
            print(f"{step + 1:4d} mel {loss.item():.4f}", flush=True)
    with torch.no_grad():
        deviation = own_deviation / scale
        found = {"smooth_mean": own_mean - shift * deviation, "smooth_deviation": deviation}
    return batches.standards | found


@torch.no_grad()
def _predicted(model: SoVITS, batches: Batches) -> tuple[tuple[Tensor, Tensor], Tensor, Tensor]:
    """Mean and deviation of sayings, and those by which what is predicted becomes them."""
    rng, pairs = np.random.default_rng(0), []
    for number in rng.choice(batches.learnt, min(SAYINGS, len(batches.learnt)), replace=False):
        batch = batches.batch([int(number)], rng, disguised=False, plain=True)
        prior = model.prior(batch.codes, batch.phones, model.reference(batch.reference))
        pairs.append((prior.mean[0, SMOOTH].T, batch.smooth[0].T))
    predicted, real = (torch.cat(rows).double() for rows in zip(*pairs, strict=True))
    apart = predicted - predicted.mean(0)
    slope = (apart * (real - real.mean(0))).mean(0) / apart.square().mean(0).clamp(min=1e-6)
    own = real.mean(0).float(), real.std(0).clamp(min=1e-3).float()
    deviation = torch.where(slope > 0.1 * own[1], slope, own[1])
    mean = real.mean(0) - deviation * predicted.mean(0)
    return own, mean.float(), deviation.float()


def _missed(model: SoVITS, batch: Batch, smooth: Tensor) -> Tensor:
    there = said(batch)
    with torch.autocast("cpu", torch.bfloat16):
        ge = model.reference(batch.reference, mask=batch.reference_mask)
        start = F.pad(smooth, (0, 0, SMOOTH.start, LATENTS - SMOOTH.stop)) * there
        mel = model.flow.inverse(start, there.bool(), ge)[:, MEL].float()
    return ((mel - batch.mel).abs() * there).sum() / (there.sum() * mel.shape[1])


def write(work: Path, standards: Standards) -> None:
    """Writes `standards.pt`."""
    torch.save(standards, work / "standards.pt")


def read(work: Path) -> Standards:
    """Load what `write` saved."""
    return dict(torch.load(work / "standards.pt", weights_only=True))
