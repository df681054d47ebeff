"""Goes on with a starter's prior and flow together, until listeners hear of both what was said.

Both are asked for what is nearest to the truth, as the starter's recipe asks them. What is new:
sounds begin and end exactly with their tokens, so that the mean of a consonant is one; the flow
learns from what the prior predicts, with the pitch in truth, lest harmonics disagree; and two
listeners, of smooth parts and of mels, tell how differently both are heard (`listener`). The
reference encoder stays as it is: it has met people, who do not dictate.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mynah.acoustic.sovits.model import SoVITS
from recipes.refinement.batches import Batch, Batches
from recipes.refinement.listener import Listener, missed, unpitched
from recipes.starter.critic import Duel
from recipes.starter.cross_guide import CrossGuide
from recipes.starter.prior import (
    DUEL_RATE,
    ENVELOPE,
    GUIDED,
    LATENTS,
    MEL,
    SMOOTH,
    SPREAD,
    VOICING,
    mean_distance,
)
from recipes.starter.rendering import PITCH
from recipes.starter.spread import spread
from recipes.starter.state import Progress, Stateful

NAMED = 0.1
TRUE = 0.4
"""Share of the rows whose flow is shown more of the truth than of what is predicted."""
DISGUISED_EVERY = 3
AVERAGED = 0.997
WARM_UP = 60
LEAST = 1e-6

Losses = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class AcousticPlan:
    """Length of the training; a batch holds about `seconds` of sound."""

    steps: int
    seconds: float = 36.0
    prior_rate: float = 4e-4
    flow_rate: float = 2e-4
    minutes: float = float("inf")
    device: str = "cpu"


class Teaching:
    """Training losses of prior and flow on a batch.

    Args:
        model: whose prior and flow learn.
        listeners: of `smooth` and of `mel`.
    """

    def __init__(self, model: SoVITS, listeners: Mapping[str, Listener]) -> None:
        self._model, self._listeners = model, listeners
        self._guide = CrossGuide(model.enc_p.mrte)
        self.duels = {name: Duel(DUEL_RATE, model.device) for name in ("smooth", "mel")}

    def losses(self, batch: Batch, step: int, *, rendered: bool) -> Losses:
        """Losses of a batch; the discriminators take a step meanwhile.

        Args:
            batch: of sayings.
            step: of the training.
            rendered: whether the flow learns, too; it cannot from disguised mels.
        """
        ge, predicted, mask = self._predicted(batch)
        smooth = batch.smooth[:, :, : predicted.shape[2]]
        voiced = mask * (smooth[:, VOICING : VOICING + 1] > 0.0)
        envelopes = predicted[:, ENVELOPE], smooth[:, ENVELOPE]
        flat = (spread(envelopes[0], voiced) - spread(envelopes[1], voiced)).abs().mean()
        colour = ((predicted - smooth) * mask).sum(dim=2) / mask.sum(dim=2)
        losses = {
            "smooth": mean_distance(predicted, smooth, mask * batch.weights[:, :, : mask.shape[2]]),
            "colour": colour.abs().mean(),
            "flat": SPREAD * flat,
            "guide": GUIDED * self._guide.loss(batch.places, batch.phone_lengths),
            "dull": self.duels["smooth"].loss(envelopes[1] * mask, envelopes[0] * mask, step),
        }
        heard = unpitched(predicted) * mask, unpitched(smooth) * mask
        losses |= self._heard("smooth", *heard, batch.sounds)
        return losses | self._rendering(batch, predicted, mask, ge, step) if rendered else losses

    def _predicted(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Timbres, what the prior predicts (B, 69, T), and where (B, 1, T)."""
        with torch.autocast(batch.smooth.device.type, torch.bfloat16):
            with torch.no_grad():
                ge = self._model.reference(batch.reference, mask=batch.reference_mask)
            prior = self._model.prior(
                batch.codes,
                batch.phones,
                ge,
                lengths=batch.lengths,
                phone_lengths=batch.phone_lengths,
            )
        return ge, prior.mean[:, SMOOTH].float(), prior.mask.float()

    def _rendering(
        self, batch: Batch, predicted: Tensor, mask: Tensor, ge: Tensor, step: int
    ) -> Losses:
        smooth, mel = (part[:, :, : mask.shape[2]] for part in (batch.smooth, batch.mel))
        pitched = torch.cat(
            [predicted[:, ENVELOPE], smooth[:, PITCH], predicted[:, PITCH.stop :]], dim=1
        )
        truth = torch.rand(len(mask), 1, 1).to(mask)
        shown = pitched + truth * (truth > 1.0 - TRUE) * (smooth - pitched)
        with torch.autocast(mask.device.type, torch.bfloat16):
            start = F.pad(shown, (0, 0, SMOOTH.start, LATENTS - SMOOTH.stop)) * mask
            made = self._model.flow.inverse(start, mask.bool(), ge)[:, MEL].float()
        return {
            "mel": mean_distance(made, mel, mask),
            "dull_mel": self.duels["mel"].loss(mel * mask, made * mask, step),
            **self._heard("mel", made * mask, mel * mask, batch.sounds),
        }

    def _heard(self, kind: str, made: Tensor, real: Tensor, sounds: Tensor) -> Losses:
        apart, named = missed(self._listeners[kind], made, real, sounds)
        return {f"heard_{kind}": apart, f"named_{kind}": NAMED * named}


class Average:
    """The running mean of weights, which is what is kept in the end (Polyak)."""

    def __init__(self, weights: list[nn.Parameter]) -> None:
        self._weights = weights
        self.mean = [weight.detach().clone() for weight in weights]

    @torch.no_grad()
    def take(self, step: int) -> None:
        """Moves towards the weights as they are now."""
        share = 1.0 - min(AVERAGED, step / (step + 20))
        torch._foreach_lerp_(self.mean, [weight.detach() for weight in self._weights], share)

    def state_dict(self) -> dict[str, object]:
        """State to save."""
        return {"mean": self.mean}

    def load_state_dict(self, state: Mapping[str, object], /) -> None:
        """Goes on from there."""
        for mean, saved in zip(self.mean, state["mean"], strict=True):  # type: ignore[call-overload]
            mean.copy_(saved)


def train(
    model: SoVITS,
    batches: Batches,
    listeners: Mapping[str, Listener],
    plan: AcousticPlan,
    work: Path,
) -> None:
    """Goes on from `acoustic.pt` if it exists; writes it.

    Args:
        model: a starter's, of which prior and flow learn.
        batches: of sayings.
        listeners: of `smooth` and of `mel`.
        plan: how long.
        work: the folder.
    """
    torch.manual_seed(0)
    device = torch.device(plan.device)
    learning = prepared(model.to(device))
    teaching, average = Teaching(model, listeners), Average(learning)
    rates = (model.enc_p, plan.prior_rate), (model.flow, plan.flow_rate)
    groups = [{"params": list(part.parameters()), "top": top} for part, top in rates]
    tune = torch.optim.AdamW(groups, plan.prior_rate, (0.9, 0.98), weight_decay=0.0)
    parts: list[Stateful] = [model.enc_p, model.flow, tune, average, *teaching.duels.values()]
    progress = Progress(work / "acoustic.pt", parts, plan.minutes)
    while progress.step < plan.steps and not progress.out_of_time:
        rng = np.random.default_rng(progress.step)
        for group in batches.groups(batches.learnt, plan.seconds, progress.step):
            step = progress.step
            disguised = step % DISGUISED_EVERY == DISGUISED_EVERY - 1
            batch = batches.batch(group, rng, disguised=disguised, plain=False).to(device)
            losses = teaching.losses(batch, step, rendered=not disguised)
            for part in tune.param_groups:
                part["lr"] = part["top"] * _pace(step, plan.steps) + LEAST
            tune.zero_grad()
            torch.stack([*losses.values()]).sum().backward()
            if nn.utils.clip_grad_norm_(learning, 2.0).isfinite():
                tune.step()
            average.take(step + 1)
            progress.advance({name: loss.item() for name, loss in losses.items()})
            if progress.step >= plan.steps or progress.out_of_time:
                break
    progress.save()


def prepared(model: SoVITS) -> list[nn.Parameter]:
    """Make prior and flow of a model trainable, whole, and return their weights."""
    model.train().requires_grad_(False)
    for part in (model.enc_p, model.flow):
        part.requires_grad_(True)
    return [weight for weight in model.parameters() if weight.requires_grad]


def _pace(step: int, steps: int) -> float:
    return min(1.0, (step + 1) / WARM_UP) * (0.5 + 0.5 * math.cos(math.pi * step / steps))


@torch.no_grad()
def read(model: SoVITS, work: Path) -> int:
    """Gives a model the averages that `train` wrote; the number of its steps."""
    state = torch.load(work / "acoustic.pt", weights_only=True, map_location="cpu")
    for weight, mean in zip(prepared(model), state["parts"][3]["mean"], strict=True):
        weight.copy_(mean)
    model.eval().requires_grad_(False)
    step: int = state["step"]
    return step
