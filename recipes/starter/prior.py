"""Trains the prior, the flow and the reference encoder: tokens, phonemes and a timbre to a mel.

The latents have a fixed meaning: the prior predicts the smooth part of a frame in
one half of the channels, and the flow renders the vocoder's mel into the other
(see `frames`). No sound needs to be made: whole sentences fit into a step.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import Tensor
from torch.nn import functional as F

from mynah.acoustic.sovits.config import CODEBOOK_SIZE
from mynah.acoustic.sovits.model import SoVITS
from mynah.audio.log_mel import BANDS
from recipes.starter.corpus import RATE, batches
from recipes.starter.critic import Duel
from recipes.starter.cross_guide import CrossGuide
from recipes.starter.frames import (
    ENVELOPE_BANDS,
    PITCH_COPIES,
    SMOOTH_CHANNELS,
)
from recipes.starter.sentences import Batch, Sentences
from recipes.starter.sizes import ACOUSTIC
from recipes.starter.spread import spread
from recipes.starter.state import Progress
from recipes.starter.tokens import WIDTH, read_alphabet

LATENTS = ACOUSTIC.inter_channels
MEL = slice(0, BANDS)
SMOOTH = slice(LATENTS // 2, LATENTS // 2 + SMOOTH_CHANNELS)
UNCERTAINTY = 0.2
MISHEARD = 0.03
ENVELOPE = slice(0, ENVELOPE_BANDS)
"""The envelope among the smooth channels."""
VOICING = ENVELOPE_BANDS + PITCH_COPIES
SPREAD = 0.5
GUIDED = 0.1
RENDERED_EVERY = 3
DUEL_RATE = 2e-4


@dataclass(frozen=True, slots=True)
class PriorPlan:
    """Length and device of the training; a batch holds about `seconds` of sound."""

    steps: int
    seconds: float = 40.0
    rate: float = 6e-4
    minutes: float = float("inf")
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class Distances:
    """Mean absolute differences in standard deviations.

    Attributes:
        smooth: of the smooth part from what the prior predicts; short sounds count as long ones.
        colour: the same of means over a row's time, by which speakers differ.
        flat: of how far envelopes with a voice move, in nepers.
        dull: what a critic holds against the predicted envelopes.
        mel: of the mel from its rendering; nothing for disguised rows.
    """

    smooth: Tensor
    colour: Tensor
    flat: Tensor
    dull: Tensor
    mel: Tensor | None

    @property
    def loss(self) -> Tensor:
        """The total loss."""
        predicted = self.smooth + self.colour + SPREAD * self.flat + self.dull
        return predicted if self.mel is None else predicted + self.mel


def distances(model: SoVITS, batch: Batch, duel: Duel, step: int, render: bool) -> Distances:
    """Losses of prior and flow on a batch; the critic takes a step meanwhile.

    The flow renders from the true smooth part, made a little uncertain, so that pitch and
    harmonics agree while it learns.
    """
    with torch.autocast(batch.smooth.device.type, torch.bfloat16):
        ge = model.reference(batch.reference, mask=batch.reference_mask)
        prior = model.prior(
            _misheard(batch.codes),
            batch.phones,
            ge,
            lengths=batch.lengths,
            phone_lengths=batch.phone_lengths,
        )
    mask, frames = prior.mask, prior.mean.shape[2]
    smooth, predicted = batch.smooth[:, :, :frames], prior.mean[:, SMOOTH].float()
    voiced = mask * (smooth[:, VOICING : VOICING + 1] > 0.0)
    apart = ((predicted - smooth) * mask).sum(dim=2) / mask.sum(dim=2)
    rendered = _rendering(model, smooth, mask, ge) if render else None
    return Distances(
        smooth=mean_distance(predicted, smooth, mask * batch.weights[:, :, :frames]),
        colour=apart.abs().mean(),
        flat=(spread(predicted[:, ENVELOPE], voiced) - spread(smooth[:, ENVELOPE], voiced))
        .abs()
        .mean(),
        dull=duel.loss(smooth[:, ENVELOPE] * mask, predicted[:, ENVELOPE] * mask, step),
        mel=None if rendered is None else mean_distance(rendered, batch.mel[:, :, :frames], mask),
    )


def _rendering(model: SoVITS, smooth: Tensor, mask: Tensor, ge: Tensor) -> Tensor:
    uncertain = smooth + UNCERTAINTY * torch.rand(len(ge), 1, 1).to(ge) * torch.randn_like(smooth)
    start = F.pad(uncertain, (0, 0, SMOOTH.start, LATENTS - SMOOTH.stop)) * mask
    with torch.autocast(ge.device.type, torch.bfloat16):
        return model.flow.inverse(start, mask, ge)[:, MEL].float()


def _misheard(codes: Tensor) -> Tensor:
    """Some tokens replaced by any others: the GPT will err, and the phonemes know better."""
    wrong = torch.rand(codes.shape, device=codes.device) < MISHEARD
    return torch.where(wrong, torch.randint_like(codes, CODEBOOK_SIZE), codes)


def mean_distance(given: Tensor, wanted: Tensor, mask: Tensor) -> Tensor:
    """Mean absolute difference of (B, channels, T) where a mask (B, 1, T) has it count."""
    return ((given - wanted).abs() * mask).sum() / (mask.sum() * wanted.shape[1])


def with_alphabet(work: Path) -> SoVITS:
    """A fresh SoVITS whose codebook is the alphabet of tokens, and whose decoder can speak."""
    model = SoVITS(ACOUSTIC)
    with torch.no_grad():
        # A token's vector is the mean of its two frames'.
        model.ssl_proj.weight.copy_(0.5 * torch.eye(WIDTH)[:, :, None].expand(-1, -1, 2))
        assert model.ssl_proj.bias is not None
        model.ssl_proj.bias.zero_()
        model.quantizer.codebook.embed.copy_(read_alphabet(work).vectors())
        # Sums to move the codes by, which nothing moves: one tensor, stored once.
        model.quantizer.codebook.embed_avg = model.quantizer.codebook.embed
    model.dec.load_state_dict(torch.load(work / "vocoder.pt", weights_only=True))
    for part in (model.ssl_proj, model.quantizer, model.dec):
        part.requires_grad_(False)
    return model


def train(work: Path, plan: PriorPlan) -> None:
    """Goes on from `prior.pt` if it exists."""
    torch.manual_seed(0)
    device = torch.device(plan.device)
    model = with_alphabet(work).to(device)
    learning = [p for p in model.parameters() if p.requires_grad]
    tune = torch.optim.AdamW(learning, plan.rate, (0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(tune, plan.rate, plan.steps, pct_start=0.06)
    duel = Duel(DUEL_RATE, device)
    progress = Progress(work / "prior.pt", (model, tune, schedule, duel), plan.minutes)
    sentences, guide = Sentences(work), CrossGuide(model.enc_p.mrte)
    while progress.step < plan.steps and not progress.out_of_time:
        rng = np.random.default_rng(progress.step)
        for numbers in batches(sentences.tape.clips, plan.seconds, progress.step):
            # The flow has less to learn and costs as much as all the rest.
            render = progress.step % RENDERED_EVERY == 0
            batch = sentences.batch(numbers, rng, disguised=not render).to(device)
            apart = distances(model, batch, duel, progress.step, render)
            guided = guide.loss(batch.places, batch.phone_lengths)
            tune.zero_grad()
            (apart.loss + GUIDED * guided).backward()
            torch.nn.utils.clip_grad_norm_(learning, 5.0)
            tune.step()
            schedule.step()
            if progress.advance(
                {
                    "smooth": apart.smooth.item(),
                    "colour": apart.colour.item(),
                    "flat": apart.flat.item(),
                    "dull": apart.dull.item(),
                    "guide": guided.item(),
                }
            ):
                sample(work, model, sentences)
            if progress.step >= plan.steps or progress.out_of_time:
                break
    progress.save()


def sample(work: Path, model: SoVITS, sentences: Sentences) -> None:
    """Speaks the first recording's own tokens in the first recording's voice."""
    device = next(model.parameters()).device
    batch = sentences.batch([0], np.random.default_rng(0), disguised=False).to(device)
    model.eval()
    wave = model.decode(batch.codes, batch.phones, model.timbre([batch.reference]), noise_scale=0)
    model.train()
    soundfile.write(work / "prior.wav", wave[0].float().cpu().numpy(), RATE)
