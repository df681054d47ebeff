"""The ends of morphemes that decide on sounds, by MeCab and its Korean dictionary."""

from enum import Enum
from functools import cache

from mecab import MeCab


class Ending(Enum):
    """A morpheme that ends with a syllable."""

    STEM = "stem"
    """A verb's or an adjective's stem: 신-다 is 신따."""
    MODIFIER = "modifier"
    """A verb's modifier in ㄹ: 할 것 is 할 껏."""


_ENDINGS = {"V": Ending.STEM, "E": Ending.MODIFIER}


@cache
def _mecab() -> MeCab:
    return MeCab()


def endings(text: str) -> dict[int, Ending]:
    """Ends of morphemes by the places of their last syllables.

    Args:
        text: Hangul and blanks.
    """
    found = {}
    at = 0
    for surface, tag in _mecab().pos(text):
        at = text.find(surface, at) + len(surface)
        ending = _ENDINGS.get(tag.rpartition("+")[2][0])
        if ending:
            found[at - 1] = ending
    return found
