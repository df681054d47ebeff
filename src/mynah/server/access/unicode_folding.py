"""Unicode folding against disguised words: width, case, accents, script and separators."""

import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache

from opencc import OpenCC


@dataclass(frozen=True, slots=True)
class FoldedText:
    """Folded text.

    Attributes:
        text: only letters, characters and figures.
        places: position of each of them in the original text.
    """

    text: str
    places: tuple[int, ...]


def fold(text: str) -> FoldedText:
    """Fold a text; equal results mean equal words, however they are written.

    Full-width and other compatible forms become the plain ones, traditional characters simplified
    ones; case and accents are lost, and so is all that is neither letter, character nor figure.
    """
    bare = [(character, place) for place, given in enumerate(text) for character in _bare(given)]
    return FoldedText(
        "".join(character for character, _ in bare), tuple(place for _, place in bare)
    )


def joined(first: str, second: str) -> bool:
    """True if neighbouring characters join to a word: both of a script that separates words."""
    return _alphabetic(first) and _alphabetic(second)


@lru_cache(maxsize=1 << 16)
def _bare(character: str) -> str:
    plain = unicodedata.normalize("NFKD", character)
    caseless = unicodedata.normalize("NFKD", plain.casefold())
    kept = "".join(filter(str.isalnum, caseless))
    return "".join(map(_converter().convert, kept))


def _alphabetic(character: str) -> bool:
    # Chinese, kana and hangul are wide once they are plain.
    return any(unicodedata.east_asian_width(bare) not in "WF" for bare in _bare(character))


@cache
def _converter() -> OpenCC:
    return OpenCC("t2s")
