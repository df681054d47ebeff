"""Goes on with the flow alone, on what the prior really predicts, against a critic of mels.

A prior predicts a mean, and the nearest mel to a mean is dull. So the flow is given the
predicted envelope, with the recording's own pitch, lest harmonics disagree, and a critic tells it
whether what it renders could be real (`critic`).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mynah.acoustic.sovits.model import SoVITS
from recipes.starter.corpus import batches
from recipes.starter.critic import Duel
from recipes.starter.frames import ENVELOPE_BANDS, PITCH_COPIES
from recipes.starter.prior import LATENTS, MEL, SMOOTH
from recipes.starter.sentences import Batch, Sentences
from recipes.starter.sizes import ACOUSTIC
from recipes.starter.state import Progress

PITCH = slice(ENVELOPE_BANDS, ENVELOPE_BANDS + PITCH_COPIES + 1)
"""Pitch and voicing among the smooth channels."""
FRAMES = 128


@dataclass(frozen=True, slots=True)
class RenderingPlan:
    """Length and device of the training; a batch holds about `seconds` of sound."""

    steps: int
    seconds: float = 32.0
    rate: float = 2e-4
    minutes: float = float("inf")
    device: str = "cpu"


def train(work: Path, plan: RenderingPlan) -> None:
    """Goes on from `rendering.pt` if it exists, else from `prior.pt`; writes `rendering.pt`."""
    torch.manual_seed(0)
    device = torch.device(plan.device)
    model = SoVITS(ACOUSTIC)
    prior = torch.load(work / "prior.pt", weights_only=True, map_location="cpu")
    model.load_state_dict(prior["parts"][0])
    model.requires_grad_(False).to(device)
    model.flow.requires_grad_(True)
    duel = Duel(plan.rate, device)
    tune = torch.optim.AdamW(model.flow.parameters(), plan.rate, (0.8, 0.99))
    parts = (model.flow, tune, duel)
    progress, sentences = Progress(work / "rendering.pt", parts, plan.minutes), Sentences(work)
    while progress.step < plan.steps and not progress.out_of_time:
        rng = np.random.default_rng(progress.step)
        for numbers in batches(sentences.tape.clips, plan.seconds, progress.step):
            if min(sentences.tape.clips[n].frames for n in numbers) < 1.1 * FRAMES:
                continue
            batch = sentences.batch(numbers, rng, disguised=False).to(device)
            predicted, real, ge = stretches(model, batch, rng)
            with torch.autocast(device.type, torch.bfloat16):
                rendered = model.flow.inverse(predicted, torch.ones_like(predicted[:, :1]), ge)
            mel = rendered[:, MEL].float()
            near, dull = (mel - real).abs().mean(), duel.loss(real, mel, progress.step)
            tune.zero_grad()
            (near + dull).backward()
            torch.nn.utils.clip_grad_norm_(model.flow.parameters(), 5.0)
            tune.step()
            progress.advance({"mel": near.item(), "dull": dull.item()})
            if progress.step >= plan.steps or progress.out_of_time:
                break
    progress.save()


@torch.no_grad()
def stretches(
    model: SoVITS, batch: Batch, rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs of the flow (B, 192, 128), its target mels, and timbres (B, 512, 1)."""
    with torch.autocast(batch.smooth.device.type, torch.bfloat16):
        ge = model.reference(batch.reference, mask=batch.reference_mask)
        prior = model.prior(
            batch.codes, batch.phones, ge, lengths=batch.lengths, phone_lengths=batch.phone_lengths
        )
    predicted = prior.mean[:, SMOOTH].float()
    predicted[:, PITCH] = batch.smooth[:, PITCH, : predicted.shape[2]]
    predicted = F.pad(predicted, (0, 0, SMOOTH.start, LATENTS - SMOOTH.stop))
    starts = [int(rng.integers(max(1, 2 * int(n) - FRAMES + 1))) for n in batch.lengths]
    cut = [
        torch.stack([row[:, s : s + FRAMES] for row, s in zip(rows, starts, strict=True)])
        for rows in (predicted, batch.mel)
    ]
    return cut[0], cut[1], ge
