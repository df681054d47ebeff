"""Training examples of the GPT: recordings, pairs of them by one speaker, and spliced sentences.

A pair is read as one, the first being the prompt of the second, so that the GPT learns to
go on in the manner of a prompt; single recordings teach it to start without one.
"""

import json
from itertools import pairwise
from pathlib import Path
from zlib import crc32

import numpy as np

from recipes.starter.corpus import Clip, Track
from recipes.starter.labels import read_phones
from recipes.starter.sounds import UNKNOWN
from recipes.starter.splices import Example, Splicer, joined
from recipes.starter.tokens import Tokens

PAIRED = 0.35
SLOWER = {"zh": (0.95, 1.15), "en": (1.1, 1.4)}
"""The English corpus is read fast: 17 phonemes a second or more are hard to follow."""
DICTATED = (0.95, 1.12)
"""The same for what was dictated at a pace to be followed."""


def is_held_out(text: str) -> bool:
    """True if a sentence is held out: one in fifty, whoever speaks it."""
    return crc32(text.encode()) % 50 == 0


class Examples:
    """All recordings with words, as the GPT reads them.

    Attributes:
        held_out: recordings of sentences that are only measured.
    """

    def __init__(self, work: Path) -> None:
        self._tokens = Tokens(work)
        with_words = [
            (clip, row)
            for clip, row in zip(Track(work).clips, read_phones(work), strict=True)
            if row and UNKNOWN not in self._tokens.of(clip).places
        ]
        self.held_out = [
            self._example(clip, row, sum(_paces(clip)) / 2)
            for clip, row in with_words
            if is_held_out(clip.text)
        ]
        self._learnt = [(clip, row) for clip, row in with_words if not is_held_out(clip.text)]
        rehearsed = work / "rehearsed.jsonl"
        lines = rehearsed.read_text().splitlines() if rehearsed.exists() else []
        self._rehearsed = [Example(**json.loads(line)) for line in lines]

    def _example(self, clip: Clip, phones: list[int], slower: float) -> Example:
        told = self._tokens.of(clip, slower)
        return Example(phones, told.tokens, told.places)

    def epoch(self, rng: np.random.Generator) -> list[Example]:
        """Every recording, as many spliced sentences, some pairs, and what was rehearsed.

        A speaker keeps one pace for an epoch, so that the second of a pair goes on at the first's.
        """
        paces = {clip.speaker: rng.uniform(*_paces(clip)) for clip, _ in self._learnt}
        singles = [
            (clip, self._example(clip, row, paces[clip.speaker])) for clip, row in self._learnt
        ]
        languages = {clip.language for clip, _ in singles}
        splicer = Splicer(
            {known: [e for c, e in singles if c.language == known] for known in languages}
        )
        spliced = [splicer.sentence(rng) for _ in singles]
        pairs = _pairs(singles, rng)
        return [
            *(example for _, example in singles),
            *spliced,
            *pairs[: int(PAIRED * len(pairs))],
            *self._rehearsed,
        ]


def _paces(clip: Clip) -> tuple[float, float]:
    return DICTATED if clip.spans else SLOWER[clip.language]


def _pairs(singles: list[tuple[Clip, Example]], rng: np.random.Generator) -> list[Example]:
    fellows: dict[str, list[tuple[Clip, Example]]] = {}
    for clip, example in singles:
        fellows.setdefault(clip.speaker, []).append((clip, example))
    pairs = []
    for known in fellows.values():
        order = [known[n] for n in rng.permutation(len(known))]
        for (first, prompt), (second, spoken) in pairwise(order):
            if first.text != second.text:
                pairs.append(joined(prompt, spoken, 0, len(spoken.phones)))
    rng.shuffle(pairs)
    return pairs
