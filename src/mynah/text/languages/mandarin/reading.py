"""Readings of words: pypinyin's phrases, and the polyphones that only their neighbours decide."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files

from pypinyin.constants import PHRASES_DICT

from mynah.text.languages.mandarin.words import ChineseWord, is_idiom, spell

_NOWHERE = ChineseWord("", "x")
_COUNTERS = frozenset("这那每哪几两半整多")
_COUNTED = {"只": "zhi1", "行": "hang2"}
_GROWING = frozenset("了出在得成满着")
_AMOUNT_ADVERBS = frozenset("约均仅共多原即")
# Surnames that are read in their own way; the second characters are of foreign names.
_SURNAMES = {
    "曾": "zeng1", "任": "ren2", "查": "zha1", "解": "xie4", "单": "shan4", "仇": "qiu2",
    "翟": "zhai2", "缪": "miao4", "葛": "ge3", "朴": "piao2", "卜": "bu3", "燕": "yan1",
    "尉": "wei4", "冼": "xian3", "覃": "qin2",
}  # fmt: skip
_TRANSCRIBES = frozenset("尔理韦德克")
_NAME_LENGTHS = (2, 3)
_LONG = re.compile(r"[很太更最较挺极偏]长(?=$|[很太更最较])")


def read(words: Sequence[ChineseWord], decided: Mapping[int, str]) -> list[list[str]]:
    """Readings of the words of a clause: per word one pinyin syllable with tone per character.

    Args:
        words: of one clause.
        decided: readings that the characters around decide, by position in the clause.
    """
    around = [_NOWHERE, *words, _NOWHERE]
    readings: list[list[str]] = []
    start = 0
    for before, word, after in zip(around, words, around[2:], strict=False):
        reading = _in_context(word, before, after) or _of_word(word.text)
        if not is_idiom(word.text):
            reading = [decided.get(start + at, syllable) for at, syllable in enumerate(reading)]
        readings.append(reading)
        start += len(word.text)
    return readings


def _of_word(word: str) -> list[str]:
    return list(_readings().get(word, ())) or spell(word)


@cache
def _readings() -> dict[str, tuple[str, ...]]:
    table = (
        files("mynah.text.languages.mandarin")
        .joinpath("data/readings.txt")
        .read_text(encoding="utf-8")
    )
    return {word: tuple(reading) for word, *reading in map(str.split, table.splitlines())}


def _in_context(word: ChineseWord, before: ChineseWord, after: ChineseWord) -> list[str] | None:
    if len(word.text) == 1:
        decide = _DECISIONS.get(word.text)
        reading = decide(before, after) if decide else None
        return [reading] if reading else None
    readings = spell(word.text)
    return readings if _amend(word, readings) else None


def _amend(word: ChineseWord, readings: list[str]) -> bool:
    """Put right what the dictionary cannot know of a word; False if there is nothing."""
    text, tag = word.text, word.tag
    surname = _SURNAMES.get(text[0]) if tag.startswith("nr") else None
    if surname and _is_name(text):
        readings[0] = surname
    elif text[-1] in _COUNTED and tag == "m":
        readings[-1] = _COUNTED[text[-1]]
    elif _LONG.search(text):
        for match in _LONG.finditer(text):
            readings[match.end() - 1] = "chang2"
    elif len(text) == 3 and text[1] == "得" and tag in {"l", "v", "a"}:
        readings[1] = "de5"
    elif text[-1] == "地" and tag in {"d", "uv", "z"}:
        readings[-1] = "de5"
    else:
        return False
    return True


def _is_name(word: str) -> bool:
    return len(word) in _NAME_LENGTHS and word[1] not in _TRANSCRIBES and word not in PHRASES_DICT


def _de_of_degree(before: ChineseWord, after: ChineseWord) -> str:
    """得: after a verb or adjective de5 (跑得快), before a verb děi (我得走), else dé (得奖)."""
    if before.tag[0] in "vai" and before.text not in {"会", "能", "要"}:
        return "de5"
    if before.tag in {"r", "d"} and after.tag[0] in "vp" and before.text != "不":
        return "dei3"
    if before.tag == "n" and len(before.text) > 1 and after.tag[0] in "vdpa":
        return "dei3"
    return "de2" if after.tag[0] in "unm" else "de5"


def _de_of_manner(before: ChineseWord, after: ChineseWord) -> str | None:
    """地: de5 between a describing word and a verb (高兴地跑), else earth."""
    acts = after.tag[0] in "vpilz" or after.tag == "d"
    describes = before.tag[0] in "adilzb" or before.text.endswith("样")
    return "de5" if (describes and acts) or (before.tag == after.tag == "v") else None


def _still_or_return(before: ChineseWord, after: ChineseWord) -> str | None:
    return "huan2" if after.tag == "n" or after.text in {"给", "了"} else None


def _for_or_be(before: ChineseWord, after: ChineseWord) -> str | None:
    """为: wéi before an amount or a name that ends the clause (面积为…), else wèi (为我们)."""
    if after.tag in {"m", "q", "mq"} or not after.text or before.text in _AMOUNT_ADVERBS:
        return "wei2"
    return None


def _long_or_grow(before: ChineseWord, after: ChineseWord) -> str:
    return "zhang3" if after.text[:1] in _GROWING and after.text else "chang2"


def _count(counter: str) -> Callable[[ChineseWord, ChineseWord], str | None]:
    def decide(before: ChineseWord, after: ChineseWord) -> str | None:
        counts = before.text in _COUNTERS or before.tag == "m"
        return _COUNTED[counter] if counts else None

    return decide


_DECISIONS: dict[str, Callable[[ChineseWord, ChineseWord], str | None]] = {
    "得": _de_of_degree,
    "地": _de_of_manner,
    "还": _still_or_return,
    "为": _for_or_be,
    "长": _long_or_grow,
    "只": _count("只"),
    "行": _count("行"),
}
