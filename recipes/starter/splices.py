"""New sentences from pieces of recorded ones, so that the GPT reads phonemes instead of recalling.

Hours of speech hold too few sentences: a GPT soon knows them by heart and slips on any other.
Pieces are cut where a syllable begins, and joined whoever spoke them, because tokens say little of
the speaker; some sentences change their language on the way, as callers' do.
"""

from dataclasses import dataclass

import numpy as np

from mynah.text.symbols import SymbolTable
from recipes.starter.labels import is_heard
from recipes.starter.sounds import UNKNOWN

PIECES = (2, 6)
PHONES = (4, 18)
MIXED = 0.2


@dataclass(frozen=True, slots=True)
class Example:
    """Ids that the GPT learns to continue, and the place of each token's phoneme."""

    phones: list[int]
    tokens: list[int]
    places: list[int]

    def __len__(self) -> int:
        return len(self.phones) + len(self.tokens)


def joined(whole: Example, row: Example, first: int, last: int) -> Example:
    """A sentence with the phonemes `first` to `last` of another after it, and their tokens."""
    kept = [number for number, place in enumerate(row.places) if first <= place < last]
    offset = len(whole.phones) - first
    return Example(
        whole.phones + row.phones[first:last],
        whole.tokens + [row.tokens[number] for number in kept],
        whole.places + [row.places[number] + offset for number in kept],
    )


class Splicer:
    """Makes sentences of a language's recordings, or of several languages'.

    Args:
        rows: recordings of each language.
    """

    def __init__(self, rows: dict[str, list[Example]]) -> None:
        cuts = {
            language: [(row, cut) for row in known if len(cut := _cuts(row)) > 2]
            for language, known in rows.items()
        }
        self._rows = {language: known for language, known in cuts.items() if known}

    def sentence(self, rng: np.random.Generator) -> Example:
        """A beginning, some middles and an end."""
        languages = sorted(self._rows)
        language = languages[rng.integers(len(languages))]
        mixed = rng.random() < MIXED
        count = int(rng.integers(*PIECES, endpoint=True))
        whole = Example([], [], [])
        for number in range(count):
            if mixed:
                language = languages[rng.integers(len(languages))]
            row, cuts = self._rows[language][rng.integers(len(self._rows[language]))]
            length = int(rng.integers(*PHONES))
            if number == 0:
                first, last = 0, _nearest(cuts, length)
            elif number == count - 1:
                first, last = _nearest(cuts, len(row.phones) - length), len(row.phones)
            else:
                first = int(rng.choice(cuts[:-1]))
                last = _nearest([cut for cut in cuts if cut > first], first + length)
            whole = joined(whole, row, first, last)
        return whole


def _cuts(row: Example) -> list[int]:
    """Places where a syllable begins: a consonant after a vowel or a mark."""
    if UNKNOWN in row.places or not row.places:
        return []
    symbols = SymbolTable.of("v2").symbols
    vowel = [symbols[phone][-1].isdigit() for phone in row.phones]
    heard = [is_heard(phone) for phone in row.phones]
    return [
        place
        for place in range(1, len(row.phones))
        if heard[place] and not vowel[place] and (vowel[place - 1] or not heard[place - 1])
    ]


def _nearest(cuts: list[int], wanted: int) -> int:
    return min(cuts, key=lambda cut: abs(cut - wanted))
