"""What the GPT learns from: recordings, pairs of them by one speaker, and spliced sentences.

A pair is read as one, the first being the prompt of the second, so that the GPT learns to
go on in the manner of a prompt; single recordings teach it to start without one.
"""

import json
from itertools import pairwise
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from recipes.starter.alignment import UNKNOWN
from recipes.starter.corpus import Clip, Track
from recipes.starter.labels import read_phones
from recipes.starter.splices import Example, Splicer, joined

PAIRED = 0.35


def is_held_out(text: str) -> bool:
    """Whether a sentence is only ever measured: one in fifty, whoever speaks it."""
    return crc32(text.encode()) % 50 == 0


class Examples:
    """All recordings with words, as the GPT reads them.

    Attributes:
        held_out: recordings of sentences that are only measured.
    """

    def __init__(self, work: Path) -> None:
        tape, phones = Track(work), read_phones(work)
        tokens, places = np.load(work / "tokens.npy"), np.load(work / "alignment.npy")
        self._singles: list[tuple[Clip, Example]] = []
        self.held_out: list[Example] = []
        for clip, row in zip(tape.clips, phones, strict=True):
            if not row:
                continue
            example = Example(row, _part(tokens, clip), _part(places, clip))
            if is_held_out(clip.text):
                self.held_out.append(example)
            else:
                self._singles.append((clip, example))
        rehearsed = work / "rehearsed.jsonl"
        lines = rehearsed.read_text().splitlines() if rehearsed.exists() else []
        self._rehearsed = [Example(**json.loads(line)) for line in lines]
        languages = {clip.language for clip, _ in self._singles}
        self._splicer = Splicer(
            {known: [e for c, e in self._singles if c.language == known] for known in languages}
        )

    def epoch(self, rng: np.random.Generator) -> list[Example]:
        """Every recording, as many spliced sentences, some pairs, and what was rehearsed."""
        singles = [example for _, example in self._singles]
        spliced = [self._splicer.sentence(rng) for _ in singles]
        pairs = self._pairs(rng)
        return [*singles, *spliced, *pairs[: int(PAIRED * len(pairs))], *self._rehearsed]

    def _pairs(self, rng: np.random.Generator) -> list[Example]:
        fellows: dict[str, list[tuple[Clip, Example]]] = {}
        for clip, example in self._singles:
            fellows.setdefault(clip.speaker, []).append((clip, example))
        pairs = []
        for known in fellows.values():
            order = [known[n] for n in rng.permutation(len(known))]
            for (first, prompt), (second, spoken) in pairwise(order):
                if first.text != second.text and UNKNOWN not in prompt.places + spoken.places:
                    pairs.append(joined(prompt, spoken, 0, len(spoken.phones)))
        rng.shuffle(pairs)
        return pairs


def _part(values: NDArray[np.int16], clip: Clip) -> list[int]:
    part: list[int] = values[clip.start // 1280 :][: clip.frames // 2].tolist()
    return part
