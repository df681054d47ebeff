"""Japanese text normalisation: what OpenJTalk would misread.

OpenJTalk reads amounts, dates and counters by itself, with their sound changes. What is left is
figures that are no amounts, units, and signs.
"""

import re
from collections.abc import Callable
from functools import cache

from opencc import OpenCC

from mynah.text.languages.japanese.tables import CURRENCIES, DIGITS, MARKS, SIGNS, UNITS
from mynah.text.sentence import EMBEDDED

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]

POINT = "．"
"""Decimal point, as OpenJTalk takes it: the ASCII one is a full stop."""

_VALUE = rf"\d+(?:{POINT}\d+)?[十百千]?[万億兆]?"
_UNIT = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
_CURRENCY = "|".join(sorted(map(re.escape, CURRENCIES), key=len, reverse=True))


def _rule(pattern: str, say: Callable[[re.Match[str]], str]) -> Rule:
    return re.compile(pattern), say


def _phone(match: re.Match[str]) -> str:
    groups = re.findall(r"\d+", match[0])
    return ",".join(" ".join(DIGITS[figure] for figure in group) for group in groups)


def _date(match: re.Match[str]) -> str:
    return f"{match['year']}年{int(match['month'])}月{int(match['day'])}日"


def _time(match: re.Match[str]) -> str:
    hour, minute, second = match.groups()
    minutes = f"{int(minute)}分" if int(minute) or second else ""
    return f"{int(hour)}時{minutes}" + (f"{int(second)}秒" if second else "")


def _measure(match: re.Match[str]) -> str:
    per = f"毎{UNITS[match['per']]}" if match["per"] else ""
    return match["value"] + UNITS[match["unit"]] + per


_RULES: tuple[Rule, ...] = (
    _rule(r"(?<=\d),(?=\d{3}(?!\d))", lambda _: ""),
    _rule(
        r"(?<![\d.-])(?:\+\d{1,3}[ -])?\(?0\d{1,4}\)?[ -]?\d{1,4}-\d{3,4}(?![.-]?\d)"
        r"|(?<![\d.])0\d{9,10}(?!\d)",
        _phone,
    ),
    _rule(
        r"(?<![\d/-])(?P<year>[12]\d{3})(?P<gap>[/-])(?P<month>1[0-2]|0?[1-9])(?P=gap)"
        r"(?P<day>[12]\d|3[01]|0?[1-9])(?![\d/-])",
        _date,
    ),
    _rule(r"(?<![\d:：])([01]?\d|2[0-4])[:：]([0-5]\d)(?:[:：]([0-5]\d))?(?![\d:：])", _time),
    _rule(r"(?<=\d)\.(?=\d)", lambda _: POINT),
    _rule(
        rf"(?P<sign>{_CURRENCY})\s?(?P<value>{_VALUE})",
        lambda match: match["value"] + CURRENCIES[match["sign"]],
    ),
    _rule(
        rf"(?P<value>{_VALUE})\s?(?P<unit>{_UNIT})(?:/(?P<per>{_UNIT}))?(?![A-Za-z0-9²³])", _measure
    ),
    _rule(
        rf"(?<![\d{POINT}/])(\d+)/(\d+)(?![\d{POINT}/])", lambda match: f"{match[2]}分の{match[1]}"
    ),
    _rule(r"(?<=[\d人個円年月日時分度])\s?[~〜]\s?(?=[\d\-])", lambda _: "から"),
    _rule(r"(?<=\d)-(?=\d)", lambda _: "の"),
    _rule(r"(?<![A-Za-z0-9)])-(?=\d)", lambda _: "マイナス"),
    _rule(r"\.{2,}|[…‥]+", lambda _: "…"),
)
_SPOKEN = str.maketrans(SIGNS | MARKS)
_SILENT = re.compile(
    rf"[^ぁ-ゖゝゞァ-ヺーヽヾ㐀-䶿一-鿿豈-﫿\U00020000-\U000323af々〇A-Za-z0-9,.?!…{POINT}{EMBEDDED}-]+"
)


# Of names; OpenJTalk's dictionary does not have them.
_VARIANTS = str.maketrans("髙﨑德濵𠮷栁邉桒槗籔", "高崎徳浜吉柳辺桑橋藪")


@cache
def _converter() -> OpenCC:
    return OpenCC("t2jp")


def normalise(text: str) -> str:
    """Write a Japanese text in what OpenJTalk reads, the marks ``, . ? ! … -``, and blanks.

    A blank stands for brackets, quotes and whatever else parts phrases without a sound. Amounts
    stay figures. ``EMBEDDED`` marks stay. Old forms of characters become those of today.
    """
    text = _converter().convert(text).translate(_VARIANTS)
    for pattern, say in _RULES:
        text = pattern.sub(say, text)
    return _SILENT.sub(" ", text.translate(_SPOKEN))
