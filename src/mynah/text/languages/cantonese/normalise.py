"""Cantonese text normalisation: Mandarin's rules, in traditional characters and Cantonese words.

The rules match simplified characters and Mandarin's words, so a text is kept twice, character by
character: as the rules read it, and as it is written. What no rule changes stays as it is written,
since ToJyutping reads traditional characters better.
"""

import re
from functools import cache

from opencc import OpenCC

from mynah.text.languages.mandarin.normalise import RULES
from mynah.text.languages.mandarin.numerals import digits
from mynah.text.languages.mandarin.patterns import Rule

# Cantonese words, each with one as long that the rules know.
_AS_RULES_KNOW = {
    "蚊": "元", "毫": "毛", "嚿": "块", "樽": "瓶", "啖": "口", "餐": "顿", "係": "是",
    "喺": "在", "嘅": "的", "咗": "了", "冇": "没", "哋": "们", "啲": "些", "嗰": "那", "呢": "这",
    "下晝": "下午", "上晝": "上午", "下昼": "下午", "上昼": "上午",
    "朝早": "早上", "夜晚": "晚上",
}  # fmt: skip
_CANTONESE = re.compile("|".join(sorted(_AS_RULES_KNOW, key=len, reverse=True)))
_SAID = {"幺": "一", "千米": "公里", "千克": "公斤", "平方千米": "平方公里", "摄氏度": "度"}
_MANDARIN = re.compile("|".join(sorted(_SAID, key=len, reverse=True)))
_PHONE = re.compile(r"(?<![\d.,])(?:\+?852[ -])?([235689]\d{3})[ -](\d{4})(?![\d.,])")
# A dollar is Hong Kong's unless another one is named.
_DOLLARS = re.compile(r"(?<![A-Z])\$\s?(\d[\d,]*(?:\.\d+)?)(?![\d.]*\s?[kKmMbB百千萬万億亿])")


@cache
def _converter(direction: str) -> OpenCC:
    return OpenCC(direction)


@cache
def _simplified(character: str) -> str:
    converted = _converter("t2s").convert(character)
    return converted if len(converted) == 1 else character


def normalise(text: str) -> str:
    """Write a Cantonese text in traditional characters and the marks ``, . ? ! …``.

    Pauses (``￥``, ``^``) and ``EMBEDDED`` marks stay; whatever else is not spoken goes.
    """
    written = _DOLLARS.sub(r"\1蚊", _PHONE.sub(_phone, _traditional(text)))
    read = "".join(map(_simplified, _CANTONESE.sub(lambda m: _AS_RULES_KNOW[m[0]], written)))
    for rule in RULES:
        read, written = _apply(rule, read, written)
    return written


def _traditional(text: str) -> str:
    """Convert a text without a traditional character."""
    simplified = "".join(map(_simplified, text)) == text
    return _converter("s2hk").convert(text) if simplified else text


def _phone(match: re.Match[str]) -> str:
    return f"{digits(match[1])},{digits(match[2])}"


def _apply(rule: Rule, read: str, written: str) -> tuple[str, str]:
    """Apply a rule to a text as it is read, and do the same to it as it is written."""
    pattern, say = rule
    reads, writes, end = [], [], 0
    for match in pattern.finditer(read):
        said = say(match)
        first, last = match.span()
        head = _same(match[0], said)
        tail = _same(match[0][head:][::-1], said[head:][::-1])
        new = _cantonese(said[head : len(said) - tail])
        reads += [read[end : first + head], new, read[last - tail : last]]
        writes += [written[end : first + head], _as_written(new), written[last - tail : last]]
        end = last
    return "".join([*reads, read[end:]]), "".join([*writes, written[end:]])


def _same(one: str, other: str) -> int:
    """The number of characters that two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _cantonese(words: str) -> str:
    return _MANDARIN.sub(lambda match: _SAID[match[0]], words)


def _as_written(words: str) -> str:
    converted = _converter("s2hk").convert(words)
    return converted if len(converted) == len(words) else words
