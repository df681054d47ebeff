"""Scores, ratios, fractions, percentages and expressions in Mandarin."""

import re

from mynah.text.languages.mandarin.numerals import cardinal, number
from mynah.text.languages.mandarin.patterns import (
    MEASURE,
    NUMBER,
    TO,
    UNIT,
    Rule,
    after,
    before,
    rule,
)
from mynah.text.languages.mandarin.tables import OPERATORS
from mynah.text.sentence import EMBEDDED

_WON = (
    r" ?(?:的?(?:总|大)?(?:比分|成绩|优势|劣势)|[大小险完惜轻]?(?:获胜|取胜|战胜|击败"
    r"|战平|逼平|不敌|领先|落后|横扫|逆转"
    r"|淘汰|力克|力压|告负|告捷|拿下|双杀|晋级|[胜负败赢输平克]))"
)
_SCORE_AFTER = re.compile(_WON)
_SCORE_BEFORE = re.compile(
    r"(?:比分|得分|比数|总分|局分|战绩|[获取战大险完]胜|击败|战平|逼平|领先|落后|不敌|负于|逆转|横扫|[胜负平赢输]了?|以)"
    r"(?:[^\d。！？]{0,6}|[^。！？]{0,6}[\d比:：-]+[,，、和 ]*)$"
)
_RATIO_BEFORE = re.compile(
    r"(?:比例|比率|比值|配比|赔率|比为|比是|长宽比|画幅|画面比|稀释|勾兑|性别比|男女|师生比|杠杆|[按兑])[^\d。！？]{0,6}$"
)
_RATIO_AFTER = re.compile(
    r" ?(?:的?(?:比例|比率|比|配比|稀释|赔率|杠杆|溶液|兑|混合|缩放|还原|复刻|模型|画面|屏幕|画幅))"
)
_PRESSURE_BEFORE = re.compile(r"(?:血压|[高低]压)[^\d。！？]{0,6}$")


def _ratio(match: re.Match[str]) -> str:
    return "比".join(cardinal(figure) for figure in re.findall(r"\d+", match[0]))


def _likely_ratio(match: re.Match[str]) -> str:
    """21:15 is a time of day unless what stands around it counts or compares."""
    behind, ahead = before(match, 16), after(match)
    compares = (_SCORE_BEFORE, _RATIO_BEFORE), (_SCORE_AFTER, _RATIO_AFTER)
    found = any(p.search(behind) for p in compares[0]) or any(p.match(ahead) for p in compares[1])
    return _ratio(match) if found else match[0]


def _score(match: re.Match[str]) -> str:
    """2-1 is a score beside words of winning, else a range or a name."""
    scored = _SCORE_BEFORE.search(before(match, 16)) or _SCORE_AFTER.match(after(match))
    return _ratio(match) if scored else match[0]


def _pressure(match: re.Match[str]) -> str:
    """Blood pressure: the upper and the lower figure, with a pause between."""
    high, low, unit = match.groups()
    told = unit or _PRESSURE_BEFORE.search(before(match))
    return f"{cardinal(high)}，{low}" if told else match[0]


def _fraction(match: re.Match[str]) -> str:
    sign, whole, numerator, denominator = match.groups()
    if numerator == denominator and len(numerator) > 1:
        return f"{cardinal(numerator)}比{cardinal(denominator)}"
    mixed = cardinal(whole) + "又" if whole else ""
    return f"{'负' if sign else ''}{mixed}{cardinal(denominator)}分之{cardinal(numerator)}"


def _expression(match: re.Match[str]) -> str:
    terms = re.split(r" *([+\-×*÷/=]) *(?=-?\d)", match[0])
    return "".join(OPERATORS.get(term) or number(term) for term in terms)


def _percentage(match: re.Match[str]) -> str:
    low, high, sign = match.groups()
    base = "千分之" if sign == "‰" else "百分之"
    spoken = [_minus_first(base, figure) for figure in (low, high) if figure]
    return "到".join(spoken)


def _minus_first(base: str, figure: str) -> str:
    return ("负" if figure.startswith("-") else "") + base + number(figure.lstrip("-"))


SCORES: tuple[Rule, ...] = (
    rule(r"(?<![\d:])\d{1,3} ?[:：] ?\d{1,3}(?![\d:：])", _likely_ratio),
    rule(rf"(?<![\d.-])\d{{1,3}}-\d{{1,3}}(?![\d.-]| ?(?:{UNIT}|{MEASURE}))", _score),
)

RATIOS: tuple[Rule, ...] = (rule(r"(?<!\d)\d+(?: ?[:：] ?\d+)+", _ratio),)

EXPRESSIONS: tuple[Rule, ...] = (
    rule(rf"(?<![\d)）a-zA-Z{EMBEDDED}])\+(?=\d)", lambda _: "正"),
    rule(r"(?<=\d) ?[xX] ?(?=\d)", lambda _: "×"),
    rule(
        rf"(?<![\d.])-?{NUMBER}(?: *[-/] *{NUMBER})* *[+×*÷=] *-?{NUMBER}"
        rf"(?: *[+\-×*÷/=] *-?{NUMBER})*",
        _expression,
    ),
    rule(r"(?<![\d/.])(\d{2,3})/(\d{2,3})(?![\d/.])(?=( ?(?:mmHg|毫米汞柱))?)", _pressure),
    rule(r"(?<![\d/])(-?)(?:(\d+) )?(\d+)/([1-9]\d*)(?![\d/])", _fraction),
    rule(rf"(-?{NUMBER})[%‰]?(?:{TO}(-?{NUMBER}))?([%‰])", _percentage),
)
