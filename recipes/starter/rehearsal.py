"""Sentences that nobody recorded, spoken by the GPT itself; what is read back rightly is learnt.

Two thousand recorded sentences leave most words unheard. So the GPT speaks sentences of common
words several times over, and an attempt whose tokens name every phoneme and nothing else joins the
lessons (Dong et al. 2023, RAFT).
"""

import json
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from time import time

import torch

from mynah.errors import TextError
from mynah.semantic.batch import TorchBatch
from mynah.semantic.gpt import GPT
from mynah.semantic.sampling import SamplingOptions
from mynah.semantic.sequence import SemanticRequest
from mynah.text.frontend import analyse
from mynah.text.symbols import SymbolTable
from recipes.starter import common_words
from recipes.starter.reader import Reader
from recipes.starter.sizes import SEMANTIC

DRAWN = SamplingOptions(top_k=15, temperature=0.5, repetition_penalty=1.0)
LONGEST = 300


@dataclass(frozen=True, slots=True)
class RehearsalPlan:
    """Attempts at each sentence, sentences at a time, and when to stop."""

    attempts: int = 8
    together: int = 8
    minutes: float = 15.0
    seed: int = 0
    device: str = "cpu"


def sentences(seed: int) -> Iterator[list[int]]:
    """Phonemes of common words in no order, one language after the other, for ever."""
    chance, table = random.Random(seed), SymbolTable.of("v2")
    while True:
        for language in common_words.WORDS:
            text = common_words.sentence(language, chance)
            try:
                spoken = analyse(text, language=language, split="cut0")
            except TextError:
                continue
            yield [phone for sentence in spoken for phone in table.encode(sentence.phones)]


@torch.inference_mode()
def rehearse(work: Path, plan: RehearsalPlan) -> None:
    """Adds to `rehearsed.jsonl` for as long as the plan says."""
    torch.manual_seed(plan.seed)
    gpt = GPT(SEMANTIC)
    state = torch.load(work / "semantic.pt", weights_only=True, map_location="cpu")
    gpt.load_state_dict(state["parts"][0])
    gpt.eval().to(plan.device)
    reader = Reader(work)
    began, tried, kept, source = time(), 0, 0, sentences(plan.seed)
    with (work / "rehearsed.jsonl").open("a") as lessons:
        while time() - began < plan.minutes * 60:
            asked = [next(source) for _ in range(plan.together)]
            rows = [phones for phones in asked for _ in range(plan.attempts)]
            spoken = speak(gpt, rows, seed=plan.seed + tried * plan.attempts)
            read = [reader.read(*pair) for pair in zip(rows, spoken, strict=True)]
            for first in range(0, len(rows), plan.attempts):
                right = [example for example in read[first : first + plan.attempts] if example]
                tried += 1
                if right:
                    kept += 1
                    lessons.write(json.dumps(asdict(right[0])) + "\n")
            lessons.flush()
            share = sum(example is not None for example in read) / len(read)
            print(f"{tried:6d} sentences, {kept} kept; {share:.0%} of attempts right", flush=True)


def speak(gpt: GPT, rows: list[list[int]], seed: int) -> list[list[int]]:
    """Tokens of each row's phonemes; none where the GPT did not come to an end."""
    batch = TorchBatch(gpt, rows=len(rows))
    nothing = torch.zeros(0, dtype=torch.long)
    spoken = batch.join(
        [
            SemanticRequest(
                torch.tensor(phones),
                nothing,
                sampling=DRAWN,
                seed=seed + number,
                max_tokens=LONGEST,
            )
            for number, phones in enumerate(rows)
        ]
    )
    while batch.sequences:
        batch.step()
    return [row.tokens if len(row.tokens) < LONGEST else [] for row in spoken]
