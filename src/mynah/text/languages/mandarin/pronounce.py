"""Normalised Mandarin to phonemes: readings, sandhi, erhua, symbols."""

import re
from collections.abc import Iterator

from mynah.text.languages.mandarin.polyphones import decided_readings
from mynah.text.languages.mandarin.reading import read
from mynah.text.languages.mandarin.sandhi import change_tones
from mynah.text.languages.mandarin.syllable import phones_of
from mynah.text.languages.mandarin.words import ChineseWord, segment
from mynah.text.sentence import Word
from mynah.text.symbols import MARKS

PAUSES = {"￥": "SP2", "^": "SP3"}
_CLAUSE = re.compile(r"[^,.?!…￥^-]+|[,.?!…￥^-]")

# 儿 after these is a child or a syllable of its own; elsewhere it takes the tone before it.
_CHILD_AFTER = frozenset(
    "虐为护瞒救替有一我俺妻拐聋乞患幼孤婴体瘫浪弱血雪舫祖美采可侄孙女男孩花虫马鸟猪猫狗少"
)
_SPOKEN_AS_ONE = frozenset(str.split("小院儿 胡同儿 范儿 老汉儿 撒欢儿 寻老礼儿 妥妥儿 媳妇儿"))
_NO_ERHUA_TAGS = frozenset({"a", "j", "nr"})


def phonemize(text: str) -> list[Word]:
    """Pronounce normalised Mandarin, one word per character or mark.

    A character without a reading is left out.
    """
    return [word for clause in _CLAUSE.findall(text) for word in _pronounce_clause(clause)]


def _pronounce_clause(clause: str) -> list[Word]:
    if clause in PAUSES:
        return [Word(",", (PAUSES[clause],))]
    if clause in MARKS:
        return [Word(clause, (clause,))]
    groups = segment(clause)
    decided = decided_readings(clause)
    words: list[Word] = []
    start = 0
    for group, readings in zip(groups, read(groups, decided), strict=True):
        end = start + len(group.text)
        counted = {at - start for at in range(start, end) if clause[at] == "一" and at in decided}
        words.extend(_pronounce_group(group, readings, counted))
        start = end
    return words


def _pronounce_group(group: ChineseWord, readings: list[str], counted: set[int]) -> Iterator[Word]:
    """Pronounce a group; ``counted`` are positions of 一 in figures, whose tone never changes."""
    syllables = [reading.rstrip("12345") for reading in readings]
    tones = [int(reading[-1]) if reading[-1] in "12345" else 0 for reading in readings]
    tones = _erhua(group, syllables, change_tones(group, syllables, tones))
    tones = [1 if at in counted else tone for at, tone in enumerate(tones)]
    for character, syllable, tone in zip(group.text, syllables, tones, strict=True):
        phones = phones_of(syllable, tone) if tone else None
        if phones:
            yield Word(character, phones)


def _erhua(word: ChineseWord, syllables: list[str], tones: list[int]) -> list[int]:
    """A final 儿 takes the tone of the syllable it colours."""
    if word.text[-1] != "儿" or syllables[-1] != "er" or len(tones) < 2:
        return tones
    coloured = word.text in _SPOKEN_AS_ONE or (
        word.text[-2] not in _CHILD_AFTER and word.tag not in _NO_ERHUA_TAGS
    )
    return [*tones[:-1], tones[-2] if coloured and tones[-2] else 2]
