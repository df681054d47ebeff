"""Characters without their disguises: width, case, accents, script and whatever stands between."""

import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache

from opencc import OpenCC


@dataclass(frozen=True, slots=True)
class FoldedText:
    """A text by its bare characters.

    Attributes:
        text: only letters, characters and figures.
        places: where each of them stands in the text that was folded.
    """

    text: str
    places: tuple[int, ...]


def fold(text: str) -> FoldedText:
    """Folds a text; equal results mean equal words, however they are written.

    Full-width and other compatible forms become the plain ones, traditional characters simplified
    ones; case and accents are lost, and so is all that is neither letter, character nor figure.
    """
    bare = [(character, place) for place, given in enumerate(text) for character in _bare(given)]
    return FoldedText(
        "".join(character for character, _ in bare), tuple(place for _, place in bare)
    )


def joined(first: str, second: str) -> bool:
    """Whether two neighbours belong to one word: both of a script that has blanks between words."""
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
