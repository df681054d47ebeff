"""Amounts in Mandarin: temperatures, money, measures, ranges and plain numbers."""

import re
from decimal import Decimal

from mynah.text.languages.mandarin.numerals import cardinal, digits, number
from mynah.text.languages.mandarin.patterns import (
    MEASURE,
    NUMBER,
    TO,
    UNIT,
    Rule,
    any_of,
    name_of,
    rule,
)
from mynah.text.languages.mandarin.tables import CURRENCIES, SCALES, TWO_AS_ER
from mynah.text.sentence import EMBEDDED

_DEGREE = r" *(°C|℃|°F|℉|摄氏度|华氏度|度(?!电|假|数|角))"
_SCALE = "[十百千万亿]{0,3}"
_CURRENCY = any_of(CURRENCIES)
_MONEY_NAMES = "(?:美|欧|日|韩|港|澳|加|新台|新加坡)?[元块币]|人民币|英镑|卢比"
_DEGREE_NAMES = {"°F": "华氏度", "℉": "华氏度", "摄氏度": "摄氏度", "华氏度": "华氏度", None: ""}
_YEARS = re.compile(r"(?:1[5-9]|20)\d\d")
_EXPONENT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_POWERS = {"2": "平方", "3": "立方"}


def _temperature(match: re.Match[str]) -> str:
    low, low_scale, high, scale = match.groups()
    ends = ((low, low_scale), (high, scale)) if high else ((low, scale),)
    return "到".join(
        number(figure).replace("负", "零下") + _DEGREE_NAMES.get(name, "度")
        for figure, name in ends
    )


def _money(match: re.Match[str]) -> str:
    sign, low, figure, scale, letter, named = match.groups()
    pause = "￥" if sign == "￥" else ""
    name = named or CURRENCIES[sign]
    if letter:
        return _scaled(figure, letter) + name
    start = f"{number(low)}到" if low else ""
    return pause + start + counted(figure, scale or "元") + scale + name


def _scaled(figure: str, letter: str) -> str:
    """A figure in thousands, millions or billions, counted in 万 and 亿."""
    value = Decimal(figure.replace(",", "")) * SCALES[letter.lower()]
    for name, size in (("亿", 10**8), ("万", 10**4)):
        if value >= size:
            return number(_plain(value / size)) + name
    return number(_plain(value))


def _plain(value: Decimal) -> str:
    figure = f"{value:f}"
    return figure.rstrip("0").rstrip(".") if "." in figure else figure


def _range(match: re.Match[str]) -> str:
    low, unit, high, measure = match.groups()
    if not unit and not measure and _YEARS.fullmatch(low) and _YEARS.fullmatch(high):
        return f"{digits(low)}到{digits(high)}"
    # A measure still to come decides how the upper end is read, so that end waits for its rule.
    start = counted(low, _named(unit)) if unit else number(low)
    return f"{start}{_named(unit)}到{high if measure else number(high)}"


def _named(unit: str | None) -> str:
    return name_of(unit) if unit and re.match(r"[A-Za-zΩμ°℃℉]", unit) else unit or ""


def _unit(match: re.Match[str]) -> str:
    figure, unit = match.groups()
    return counted(figure, name_of(unit)) + name_of(unit)


def _count(match: re.Match[str]) -> str:
    figure, about, measure = match.groups()
    if figure[0] == "0" and figure.isdigit() and len(figure) > 1 and measure not in "月日":
        return digits(figure) + (about or "") + measure
    return counted(figure, measure) + (about or "") + measure


def counted(figure: str, measure: str) -> str:
    """A number before a measure: 2 is 两 before most."""
    return "两" if figure == "2" and measure not in TWO_AS_ER else number(figure)


def _and_rest(match: re.Match[str]) -> str:
    """1米75, 3块5, 2万5: a measure, and the next smaller ones without their names."""
    figure, measure, rest = match.groups()
    small = cardinal(rest) if measure in "块元" and len(rest) > 1 else digits(rest)
    return counted(figure, measure) + measure + small


def _power(match: re.Match[str]) -> str:
    exponent = match[2].translate(_EXPONENT)
    name = _POWERS.get(exponent) if not match[1] else None
    return f"的{name or ('负' * bool(match[1]) + cardinal(exponent) + '次方')}"


QUANTITIES: tuple[Rule, ...] = (
    rule(rf"(-?{NUMBER})(?:{_DEGREE})?{TO}(-?{NUMBER}){_DEGREE}", _temperature),
    rule(rf"(-?{NUMBER})()(){_DEGREE}", _temperature),
    rule(
        rf"({_CURRENCY}) ?(?:({NUMBER}){TO}(?:{_CURRENCY})?)?({NUMBER})"
        rf"({_SCALE})([kKmMbB](?![A-Za-z]))?"
        rf"({_MONEY_NAMES})?",
        _money,
    ),
    rule(
        rf"({NUMBER}) ?({_CURRENCY})",
        lambda match: counted(match[1], "元") + CURRENCIES[match[2]],
    ),
    rule(rf"(?<=[元块角分次人个⁰-⁹²³¹])/(?=(?:{UNIT}|{MEASURE}|人|天|次))", lambda _: "每"),
    rule(rf"(?<=每)({UNIT})", lambda match: name_of(match[1])),
    rule(
        rf"(?<![\d.-])(-?{NUMBER}) ?({UNIT}|{MEASURE})?{TO}({NUMBER})(?![\d.]*[-~—]\d)"
        rf"(?:(?= ?({UNIT}|{MEASURE})))?",
        _range,
    ),
    rule(rf"(?<![\d{EMBEDDED}])-(?={NUMBER})", lambda _: "负"),
    rule(
        rf"(?<![\d.])(\d{{1,4}})(米|块|元|万|千|百|斤)(\d{{1,2}})(?![\d.]| ?(?:{MEASURE}|{UNIT}))",
        _and_rest,
    ),
    rule(rf"({NUMBER}) ?({UNIT})", _unit),
    rule(
        rf"({NUMBER})([百千万亿]+) ?({UNIT})",
        lambda match: counted(match[1], match[2]) + match[2] + name_of(match[3]),
    ),
)

COUNTS: tuple[Rule, ...] = (
    rule(
        rf"(?<![\d.、])([1-9])、([2-9])(?=[多余几来]?(?:{MEASURE}))",
        lambda match: ("两" if match[1] == "2" else cardinal(match[1])) + cardinal(match[2]),
    ),
    rule(rf"({NUMBER}) ?([多余几来])?({MEASURE})", _count),
)

POWERS: tuple[Rule, ...] = (
    rule(r"(-?)([⁰¹²³⁴⁵⁶⁷⁸⁹]+)", _power),
    rule(r"(?<=\d)\^(-?)(\d+)", _power),
    rule(rf"(?<=方) ?({UNIT})", lambda match: name_of(match[1])),
)
