"""Normalised Korean to phonemes: the jamo that are heard, with compound vowels taken apart."""

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import pairwise

from mynah.text.languages.korean.morphemes import endings
from mynah.text.languages.korean.sounds import Syllable, final, join
from mynah.text.sentence import Word
from mynah.text.symbols import BLANK, MARKS

_CLAUSE = re.compile(r"[^,.?!…-]+|[,.?!…-]")
_WORD = re.compile("[가-힣]+| +")
_WHOLE = "(?=[이은을도만]|[^가-힣]|$)"
_FOLDER = files("mynah.text.languages.korean") / "data"


def phonemize(text: str) -> list[Word]:
    """Pronounce normalised Korean: words between blanks, the blanks, and marks."""
    words: list[Word] = []
    for clause in _CLAUSE.findall(text):
        words.extend([Word(clause, (clause,))] if clause in MARKS else _clause(clause))
    return words


def _clause(text: str) -> Iterator[Word]:
    """Pronounce text without marks, whose words change each other's sounds."""
    syllables = _syllables(text)
    for (left, one), (right, other) in pairwise(syllables.items()):
        join(one, other, apart=right - left > 1)
    if syllables:
        final([*syllables.values()][-1])
    for found in _WORD.finditer(text):
        spoken = [syllables[at].phones for at in range(*found.span()) if at in syllables]
        yield Word(found[0], tuple(phone for phones in spoken for phone in phones) or (BLANK,))


def _syllables(text: str) -> dict[int, Syllable]:
    """Syllables by their places in a text."""
    ends = endings(text)
    said = _respelled().sub(lambda match: _readings()[match[0]], text)
    return {
        at: Syllable.of(character, text[at], ends.get(at))
        for at, character in enumerate(said)
        if "가" <= character <= "힣"
    }


@cache
def _readings() -> dict[str, str]:
    """Words that the rules do not reach, each with a spelling as long that they do."""
    lines = (_FOLDER / "readings.txt").read_text("utf-8").splitlines()
    return dict(line.split("\t") for line in lines)


@cache
def _respelled() -> re.Pattern[str]:
    # The last word of two may be the beginning of another: 할 일 of 할 일정.
    words = sorted(_readings(), key=len, reverse=True)
    return re.compile("|".join(word + _WHOLE if " " in word else word for word in words))
