"""Sentences that nobody recorded, spoken by the GPT itself; what is read back rightly is learnt.

Two thousand recorded sentences leave most words unheard. So the GPT speaks sentences of common
words several times over, the tokenizer's CTC head reads the tokens back, and the best attempt at
each joins the lessons if nearly all its phonemes are there (Dong et al. 2023, RAFT).
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from time import time

import numpy as np
import torch
import wordfreq
from benchmarks.quality.score import edit_distance
from torch import Tensor

from mynah.errors import TextError
from mynah.semantic.batch import Batch
from mynah.semantic.gpt import GPT
from mynah.semantic.request import SemanticRequest
from mynah.semantic.sampling import SamplingOptions
from mynah.text.frontend import analyse
from mynah.text.symbols import SymbolTable
from recipes.starter.alignment import places_of
from recipes.starter.labels import is_heard
from recipes.starter.sizes import SEMANTIC
from recipes.starter.splices import Example
from recipes.starter.tokens import read_tokenizer

VOCABULARY = 20_000
FLATTER = 0.55
WORDS = {"zh": (3, 12), "en": (4, 14)}
MARKS = {"zh": ("，", "。"), "en": (", ", ".")}
DRAWN = SamplingOptions(top_k=15, temperature=0.5, repetition_penalty=1.0)
LONGEST = 300
WORST = 0.15


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
    rng = np.random.default_rng(seed)
    table = SymbolTable.of("v2")
    words = {language: wordfreq.top_n_list(language, VOCABULARY) for language in WORDS}
    chances = {}
    for language, known in words.items():
        weights = np.array([wordfreq.word_frequency(w, language) for w in known]) ** FLATTER
        chances[language] = weights / weights.sum()
    while True:
        for language, (fewest, most) in WORDS.items():
            count = rng.integers(fewest, most, endpoint=True)
            chosen = list(rng.choice(words[language], count, p=chances[language]))
            pause, end = MARKS[language]
            if count > 6 and rng.random() < 0.5:
                chosen[count // 2 - 1] += pause.strip()
            text = ("" if language == "zh" else " ").join(chosen) + end
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
    listener = Listener(work)
    began, tried, kept, source = time(), 0, 0, sentences(plan.seed)
    with (work / "rehearsed.jsonl").open("a") as lessons:
        while time() - began < plan.minutes * 60:
            asked = [next(source) for _ in range(plan.together)]
            rows = [phones for phones in asked for _ in range(plan.attempts)]
            spoken = speak(gpt, rows, seed=plan.seed + tried * plan.attempts)
            heard = [listener.judge(*pair) for pair in zip(rows, spoken, strict=True)]
            for first in range(0, len(rows), plan.attempts):
                missed, example = min(heard[first : first + plan.attempts], key=lambda x: x[0])
                tried += 1
                if missed <= WORST and example is not None:
                    kept += 1
                    lessons.write(json.dumps(asdict(example)) + "\n")
            lessons.flush()
            usual = np.mean([missed for missed, _ in heard])
            print(f"{tried:6d} sentences, {kept} kept; an attempt misses {usual:.3f}", flush=True)


def speak(gpt: GPT, rows: list[list[int]], seed: int) -> list[list[int]]:
    """Tokens of each row's phonemes; none where the GPT did not come to an end."""
    batch = Batch(gpt, rows=len(rows))
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
    while batch.rows:
        batch.step()
    return [row.tokens if len(row.tokens) < LONGEST else [] for row in spoken]


class Listener:
    """Reads tokens back with the CTC head that the tokenizer was trained with."""

    def __init__(self, work: Path) -> None:
        self._tokenizer = read_tokenizer(work)

    def judge(self, phones: list[int], tokens: list[int]) -> tuple[float, Example | None]:
        """The share of phonemes missed, and the attempt with each token's phoneme."""
        places = [place for place, phone in enumerate(phones) if is_heard(phone)]
        if len(tokens) < len(places) / 2:
            return 1.0, None
        codes = torch.tensor(tokens)
        _, scores = self._tokenizer.decode(self._tokenizer.codebook.embed[codes][None])
        labels = [phones[place] for place in places]
        missed = edit_distance(labels, _collapsed(scores[0])) / len(labels)
        if missed > WORST or len(labels) > len(scores[0]):
            return missed, None
        return missed, Example(
            phones, tokens, places_of(scores[0].numpy(), phones, places).tolist()
        )


def _collapsed(scores: Tensor) -> list[int]:
    blank = scores.shape[1] - 1
    best = scores.argmax(-1).unique_consecutive().tolist()
    return [label for label in best if label != blank]
