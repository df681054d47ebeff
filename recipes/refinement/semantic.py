"""Goes on with a starter's GPT on what was dictated, so that it plans such lengths and heights."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mynah.semantic.gpt import GPT
from mynah.training.optimizer import lr_scale
from recipes.refinement.sayings import Saying, apart
from recipes.starter.labels import is_heard
from recipes.starter.semantic import DROPOUT, Guide, batches, loss_of
from recipes.starter.splices import Example, Splicer, joined
from recipes.starter.state import Progress
from recipes.starter.timing import UNKNOWN

SPLICED, PAIRED = 1.3, 0.2
"""Spliced sentences, and pairs of a speaker's, for each recorded one."""


@dataclass(frozen=True, slots=True)
class SemanticPlan:
    """Length of the training; a batch holds about `positions` phonemes and tokens."""

    steps: int
    positions: int = 6_000
    rate: float = 8e-4
    minutes: float = float("inf")
    device: str = "cpu"


def example(saying: Saying) -> Example:
    """A saying as the GPT reads it: pauses belong to the mark that they are at."""
    places = filled(saying.places, saying.phones)
    return Example(saying.phones.tolist(), saying.tokens.tolist(), places)


def filled(places: NDArray[np.int64], phones: NDArray[np.int64]) -> list[int]:
    """Places, those of pauses too: the first mark between their neighbours, or the last place."""
    found = places.tolist()
    known = [-1, *np.flatnonzero(places != UNKNOWN).tolist(), len(found)]
    for before, after in pairwise(known):
        last = found[before] if before >= 0 else -1
        following = found[after] if after < len(found) else len(phones)
        marks = [n for n in range(last + 1, following) if not is_heard(int(phones[n]))]
        place = marks[0] if marks else max(last, 0)
        found[before + 1 : after] = [place] * (after - before - 1)
    return found


def epoch(sayings: Sequence[Saying], rng: np.random.Generator) -> list[Example]:
    """Every saying, spliced sentences, and some pairs by one speaker."""
    singles = [example(saying) for saying in sayings]
    languages = {saying.language for saying in sayings}
    told = list(zip(sayings, singles, strict=True))
    splicer = Splicer(
        {known: [e for s, e in told if s.language == known] for known in sorted(languages)}
    )
    pairs = [
        joined(first, second, 0, len(second.phones))
        for (one, first), (other, second) in pairwise(told)
        if one.speaker == other.speaker
    ]
    rng.shuffle(pairs)
    spliced = [splicer.sentence(rng) for _ in range(int(SPLICED * len(singles)))]
    return [*singles, *spliced, *pairs[: int(PAIRED * len(singles))]]


def train(gpt: GPT, sayings: Sequence[Saying], plan: SemanticPlan, work: Path) -> None:
    """Goes on from `semantic.pt` if it exists; writes it.

    Args:
        gpt: a starter's.
        sayings: all of them; some are only measured.
        plan: how long.
        work: the folder.
    """
    torch.manual_seed(0)
    device = torch.device(plan.device)
    guide = Guide(gpt.to(device).train())
    tune = torch.optim.AdamW(gpt.parameters(), plan.rate, (0.9, 0.98), weight_decay=0.02)
    progress = Progress(work / "semantic.pt", (gpt, tune), plan.minutes)
    learnt, held_out = ([sayings[n] for n in numbers] for numbers in apart(sayings))
    strangers = [example(saying) for saying in held_out]
    while progress.step < plan.steps and not progress.out_of_time:
        rng = np.random.default_rng(progress.step)
        for group in batches(epoch(learnt, rng), plan.positions, rng):
            loss, guided, _ = loss_of(gpt, guide, group, device)
            for part in tune.param_groups:
                part["lr"] = plan.rate * lr_scale(progress.step, plan.steps)
            tune.zero_grad()
            (loss + guided).backward()
            torch.nn.utils.clip_grad_norm_(gpt.parameters(), 1.0)
            tune.step()
            if progress.advance({"loss": loss.item(), "guide": guided.item()}):
                print(f"       held out: {measured(gpt, guide, strangers, plan):.3f}")
            if progress.step >= plan.steps or progress.out_of_time:
                break
    progress.save()


@torch.no_grad()
def measured(gpt: GPT, guide: Guide, rows: list[Example], plan: SemanticPlan) -> float:
    """The mean loss of sentences that are not learnt."""
    gpt.eval()
    groups = batches(rows, plan.positions, np.random.default_rng(0))
    device = torch.device(plan.device)
    losses = [loss_of(gpt, guide, group, device)[0].item() for group in groups]
    gpt.train()
    return float(np.mean(losses))


def begun(starter: GPT) -> GPT:
    """A starter's GPT as it learns: it leaves out some of what it sees."""
    gpt = GPT(starter.config, dropout=DROPOUT)
    gpt.load_state_dict(starter.state_dict())
    return gpt


def read(gpt: GPT, work: Path) -> int:
    """Gives a GPT the weights that `train` wrote; the number of its steps."""
    state = torch.load(work / "semantic.pt", weights_only=True, map_location="cpu")
    gpt.load_state_dict(state["parts"][0])
    gpt.eval()
    step: int = state["step"]
    return step
