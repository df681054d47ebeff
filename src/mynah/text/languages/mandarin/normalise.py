"""Mandarin text normalisation: figures, units and signs become characters.

A table of rules, each a pattern and what is said for it, applied in order: the more a pattern
knows of its surroundings, the earlier it comes. The conventions that the released models were
trained on (幺 in codes, 至 between times, 零下 for temperatures) are PaddleSpeech's.
"""

import re
from collections.abc import Callable
from functools import cache

from opencc import OpenCC

from mynah.text.languages.mandarin.numerals import cardinal, digits, number
from mynah.text.languages.mandarin.tables import (
    CURRENCIES,
    GREEK,
    MARKS,
    MEASURES,
    OPERATORS,
    SIGNS,
    TWO_AS_ER,
    UNITS,
)
from mynah.text.sentence import EMBEDDED

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]


def _any(words: "frozenset[str] | dict[str, str]") -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_NUMBER = r"(?<!\d)(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
_TO = r"\s*[-~—]+\s*"
_CLOCK = r"(?<![\d:])([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?(?![\d:])"
_DEGREE = r"\s*(°C|℃|°F|℉|摄氏度|华氏度|度)"
_SCALE = "[十百千万亿]{0,3}"
_UNIT = rf"(?:{_any(UNITS)})(?![A-Za-z0-9])"
_MEASURE = _any(MEASURES)


def _year(match: re.Match[str]) -> str:
    """Years are read digit by digit, spans of years as numbers: 2025年, 98年, but 500年, 10年."""
    since, figure, month = match.groups()
    if len(figure) == 4:
        named = 1000 < int(figure) < 3000
    else:
        named = bool(month) or figure[0] == "0" or (figure[0] in "6789" and figure[1] != "0")
    spoken = digits(figure) if named else number(figure)
    return f"{digits(since)}到{spoken}年" if since else f"{spoken}年"


def _date(match: re.Match[str]) -> str:
    year, _, month, day = match.groups()
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return match[0]
    return f"{digits(year)}年{cardinal(month)}月{cardinal(day)}日"


def _clock(match: re.Match[str]) -> str:
    hour, minute, second = match.groups()
    spoken = ("两" if int(hour) == 2 else cardinal(hour)) + "点"
    if minute == "30" and not second:
        return spoken + "半"
    if int(minute) or int(second or 0):
        spoken += _padded(minute) + "分"
    return spoken + _padded(second) + "秒" if int(second or 0) else spoken


def _padded(figure: str) -> str:
    return "零" * (figure[0] == "0" and figure != "00") + cardinal(figure)


def _temperature(match: re.Match[str]) -> str:
    low, high, scale = match.groups()
    name = {"°F": "华氏度", "℉": "华氏度", "摄氏度": "摄氏度", "华氏度": "华氏度"}.get(scale, "度")
    spoken = [_degrees(figure) for figure in (low, high) if figure]
    return "到".join(spoken) + name


def _degrees(figure: str) -> str:
    return number(figure).replace("负", "零下")


def _phone(match: re.Match[str]) -> str:
    groups = re.split(r"[-\s]+", match[0].removeprefix("+"))
    return "，".join(digits(group, phone=True) for group in groups)


def _expression(match: re.Match[str]) -> str:
    terms = re.split(r"\s*([+\-×*÷/=])\s*(?=-?\d)", match[0])
    return "".join(OPERATORS.get(term) or number(term) for term in terms)


def _fraction(match: re.Match[str]) -> str:
    sign, whole, numerator, denominator = match.groups()
    mixed = cardinal(whole) + "又" if whole else ""
    return f"{'负' if sign else ''}{mixed}{cardinal(denominator)}分之{cardinal(numerator)}"


def _percentage(match: re.Match[str]) -> str:
    low, high, sign = match.groups()
    base = "千分之" if sign == "‰" else "百分之"
    spoken = [_minus_first(base, figure) for figure in (low, high) if figure]
    return "到".join(spoken)


def _minus_first(base: str, figure: str) -> str:
    return ("负" if figure.startswith("-") else "") + base + number(figure.lstrip("-"))


def _money(match: re.Match[str]) -> str:
    sign, figure, scale, named = match.groups()
    pause = "￥" if sign == "￥" else ""
    return pause + _counted(figure, scale or "元") + scale + (named or CURRENCIES[sign])


def _range(match: re.Match[str]) -> str:
    low, unit, high, measure = match.groups()
    if not unit and not measure and len(low) == len(high) == 4:
        return f"{digits(low)}到{digits(high)}"
    # A measure still to come decides how the upper end is read, so that end waits for its rule.
    return (
        f"{number(low)}{UNITS.get(unit, unit) if unit else ''}到{high if measure else number(high)}"
    )


def _unit(match: re.Match[str]) -> str:
    figure, unit = match.groups()
    return _counted(figure, UNITS[unit]) + UNITS[unit]


def _count(match: re.Match[str]) -> str:
    figure, about, measure = match.groups()
    return _counted(figure, measure) + (about or "") + measure


def _counted(figure: str, measure: str) -> str:
    return "两" if figure == "2" and measure not in TWO_AS_ER else number(figure)


def _bare(match: re.Match[str]) -> str:
    """A figure that counts nothing: short ones as numbers, codes digit by digit."""
    figure = match[0]
    round_number = figure.endswith("00") and figure[0] != "0"
    if (len(figure) < 3 and figure[0] != "0") or figure == "0" or round_number:
        return cardinal(figure)
    return digits(figure, phone=len(figure) > 2)


def _rule(pattern: str, say: Callable[[re.Match[str]], str]) -> Rule:
    return re.compile(pattern), say


_RULES: tuple[Rule, ...] = (
    # dates and times
    _rule(r"(?<!\d)(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)", _date),
    _rule(rf"(?:(?<!\d)(\d{{4}}){_TO})?(?<!\d)(\d{{4}}|\d\d)年(?:(?=(\d\d?月)))?", _year),
    _rule(r"(?<!\d)([05-9]0)(?=后)", lambda match: digits(match[1])),
    _rule(rf"(?<=:\d\d){_TO}(?=\d?\d:\d\d)", lambda _: "至"),
    _rule(_CLOCK, _clock),
    _rule(r"(\d+)\s?:\s?(\d+)", lambda match: f"{cardinal(match[1])}比{cardinal(match[2])}"),
    # figures with a form of their own
    _rule(rf"(-?{_NUMBER})(?:{_TO}(-?{_NUMBER}))?{_DEGREE}", _temperature),
    _rule(r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d([- ]?)\d{4}\1\d{4}(?!\d)", _phone),
    _rule(r"(?<!\d)(?:0\d{1,3}-\d{3,4}-?\d{4}|[48]00-?\d{3}-?\d{4})(?!\d)", _phone),
    _rule(
        rf"(?<![\d.])-?{_NUMBER}(?:\s*[-/]\s*{_NUMBER})*\s*[+×*÷=]\s*-?{_NUMBER}"
        rf"(?:\s*[+\-×*÷/=]\s*-?{_NUMBER})*",
        _expression,
    ),
    _rule(r"(?<![\d/])(-?)(?:(\d+) )?(\d+)/([1-9]\d*)(?![\d/])", _fraction),
    _rule(rf"(-?{_NUMBER})[%‰]?(?:{_TO}(-?{_NUMBER}))?([%‰])", _percentage),
    _rule(rf"([$€£¥₩￥])\s?({_NUMBER})({_SCALE})((?:美|欧|日|韩|港)?[元块]|人民币|英镑)?", _money),
    # figures by what stands around them
    _rule(
        rf"(?<![\d.-])(-?{_NUMBER})\s?({_UNIT}|{_MEASURE})?{_TO}({_NUMBER})(?![\d.]*[-~—]\d)"
        rf"(?:(?=\s?({_UNIT}|{_MEASURE})))?",
        _range,
    ),
    _rule(rf"(?<![\d{EMBEDDED}])-(?={_NUMBER})", lambda _: "负"),
    _rule(rf"({_NUMBER})\s?({_UNIT})", _unit),
    _rule(r"\d+(?:\.\d+){2,}", lambda match: "点".join(map(digits, match[0].split(".")))),
    _rule(r"第(\d+)", lambda match: "第" + cardinal(match[1])),
    _rule(rf"({_NUMBER})\s?([多余几来])?({_MEASURE})", _count),
    _rule(rf"{_NUMBER}(?=[多余]|{EMBEDDED})", lambda match: number(match[0])),
    _rule(
        rf"(?<={EMBEDDED})[-\s]?\d{{3,}}", lambda match: digits(match[0].strip("- "), phone=True)
    ),
    _rule(rf"(?<={EMBEDDED})-(?=\d)", lambda _: ""),
    _rule(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+", lambda match: number(match[0])),
    _rule(r"(?<![\d.])\.(\d+)", lambda match: "零点" + digits(match[1])),
    _rule(r"[<>](?=\s?\d)", lambda match: {"<": "小于", ">": "大于"}[match[0]]),
    _rule(r"(?<=\d)-(?=\d)", lambda _: "杠"),
    _rule(r"\d+", _bare),
    # what is left of the signs
    _rule(r"²", lambda _: "的平方"),
    _rule(r"³", lambda _: "的立方"),
    _rule(rf"(?<=[元块角度量次个人])/(?={_MEASURE})", lambda _: "每"),
    _rule(r"\.{2,}|…+", lambda _: "…"),
)

_SPOKEN_SIGNS = str.maketrans(SIGNS | GREEK | {k.upper(): v for k, v in GREEK.items()} | MARKS)
_SILENT = re.compile(rf"[^㐀-䶿一-鿿豈-﫿\U00020000-\U000323af,.?!…￥^{EMBEDDED}]+")
_REPEATED = re.compile(r"([,.?!…])[,.?!…]+")


@cache
def _converter() -> OpenCC:
    return OpenCC("t2s")


def normalise(text: str) -> str:
    """Write a Mandarin text in simplified characters and the marks ``, . ? ! …``.

    Pauses (``￥``, ``^``) and ``EMBEDDED`` marks stay; quotes, brackets and whatever else is not
    spoken goes, and of neighbouring marks the first remains.
    """
    text = _converter().convert(text)
    for pattern, say in _RULES:
        text = pattern.sub(say, text)
    text = _SILENT.sub("", text.translate(_SPOKEN_SIGNS))
    return _REPEATED.sub(r"\1", text)
