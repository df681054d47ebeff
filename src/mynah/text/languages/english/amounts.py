"""Phone numbers, money, fractions, ranges, measures and plain numbers in English."""

import re

from mynah.text.languages.english.numerals import cardinal, digits, number, ordinal
from mynah.text.languages.english.patterns import (
    NUMBER,
    UNIT,
    Rule,
    after,
    any_of,
    before,
    figure_or_number,
    integer,
    rule,
    unit_name,
)
from mynah.text.languages.english.tables import CURRENCIES, CURRENCY_CODES, PER, SCALES

_CURRENCY = rf"(?<![A-Za-z])(?:{any_of(CURRENCIES)})"
_CODE = rf"(?:{any_of(CURRENCY_CODES)})"
_SCALE = r"(?: ?(?:thousand|million|billion|trillion|bn|mn|[kKmMbBtT])\b)?"
_LEFT_TERM = re.compile(r"(?:[=+*/×÷] *-?[\d.]+ *|= *)$")
_RIGHT_TERM = re.compile(r"-?[\d.,]+ *[=+*×÷]")
_PRESSURE_BEFORE = re.compile(r"(?:pressure|BP)\b[^.?!\d]*$")
_EXPONENT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def _phone(match: re.Match[str]) -> str:
    return ", ".join(digits(group) for group in re.findall(r"\d+", match[0]))


def _money(match: re.Match[str]) -> str:
    sign, low, figure, scale = match["sign"], match["low"], match["figure"], match["scale"]
    names = CURRENCIES.get(sign) or CURRENCY_CODES[sign]
    unit, units, cent, cents = names
    start = f"{number(low)} to " if low else ""
    if scale:
        return f"{start}{number(figure)} {SCALES.get(scale.lower().strip(), scale.strip())} {units}"
    whole, _, decimals = figure.partition(".")
    if start or len(decimals) > 2:
        return f"{start}{number(figure)} {units}"
    parts = [(whole, unit, units), (decimals.ljust(2, "0") if decimals else "0", cent, cents)]
    spoken = [
        f"{cardinal(amount)} {one if int(amount) == 1 else many}"
        for amount, one, many in ((a.replace(",", ""), one, many) for a, one, many in parts)
        if int(amount)
    ]
    return " and ".join(spoken) or f"zero {units}"


def _measure(match: re.Match[str]) -> str:
    figure, unit = match.groups()
    spoken = number(figure).replace("negative", "minus" if unit[0] in "°℃℉" else "negative")
    return f"{spoken} {unit_name(unit, one=figure.lstrip('-') == '1')}"


def _fraction(match: re.Match[str]) -> str:
    """3/4 is three fourths; 50/50, 24/7 and 9/11 are names."""
    whole, numerator, denominator, unit = match.groups()
    if _PRESSURE_BEFORE.search(before(match)) or after(match).lstrip().startswith("mmHg"):
        return f"{cardinal(numerator)} over {cardinal(denominator)}"
    top, bottom = int(numerator), int(denominator)
    named = not whole and (top, bottom) == (9, 11)
    measured = f" {unit_name(unit, one=not whole)}" if unit else ""
    if bottom < 2 or bottom > 100 or top > bottom or named or (top == bottom and top > 9):
        return f"{number(numerator)} {number(denominator)}{measured}"
    name = "half" if bottom == 2 else ordinal(denominator)
    spoken = f"{cardinal(numerator)} {name}{'s' if top > 1 else ''}"
    if whole:
        spoken = f"{cardinal(whole)} and {spoken}".replace("and one half", "and a half")
    return spoken + measured


def _range(match: re.Match[str]) -> str:
    """10-15 is ten to fifteen, 10 - 3 = 7 is arithmetic."""
    low, unit = match.groups()
    rest = after(match)
    high = re.match(r"[\d.,]*\d", rest)
    falls = match[0].endswith(" ") and high and _size(high[0]) < _size(low)
    minus = _RIGHT_TERM.match(rest) or _LEFT_TERM.search(before(match)) or falls
    return (
        f"{figure_or_number(low)} {unit_name(unit) if unit else ''} {'minus' if minus else 'to'} "
    )


def _size(figure: str) -> float:
    return float(figure.replace(",", "")) if figure.count(".") < 2 else 0.0


def _power(match: re.Match[str]) -> str:
    exponent = match[2].translate(_EXPONENT)
    if exponent in {"2", "3"} and not match[1]:
        return " squared " if exponent == "2" else " cubed "
    return f" to the power of {'minus ' * bool(match[1])}{cardinal(exponent)} "


def _emergency(match: re.Match[str]) -> str:
    return re.sub(r"\d{3}", lambda figure: digits(figure[0]), match[0])


AMOUNTS: tuple[Rule, ...] = (
    rule(
        r"(?<![\d-])(?:(?:\+?\d{1,3}[-. ])?\(?\d{3}\)?[-. ])?\d{3}[-.]\d{4}(?![\d-])"
        r"|(?<![\d-])(?:\+?\d{1,3} )?\(?\d{3}\)? \d{3} \d{4}(?![\d-])",
        _phone,
    ),
    rule(
        r"\b(?:[Cc]all(?:ed|ing|s)?|[Dd]ial(?:ed|ing|led|ling|s)?|[Pp]hon(?:e|ed|ing)|[Tt]ext)"
        r" \d{3}(?: or \d{3})*(?![\d,.]\d| ?[a-z]*(?:s|people)\b(?<=s))",
        _emergency,
    ),
    rule(r"(?<![\d$.,])911(?![\d,.]\d)", lambda _: digits("911")),
    rule(
        rf"(?P<sign>{_CURRENCY}|{_CODE}) ?(?:(?P<low>{NUMBER}) ?- ?(?:{_CURRENCY})?)?"
        rf"(?P<figure>{NUMBER})(?P<scale>{_SCALE})",
        _money,
    ),
    rule(
        rf"(?P<low>)(?P<figure>{NUMBER})(?P<scale>{_SCALE}) ?(?P<sign>[£€$]|{_CODE}\b)",
        _money,
    ),
    rule(rf"(?<=\w)/(?=(?:{any_of(PER)})\b)", lambda _: " per "),
    rule(rf"(?<=\bper )({any_of(PER)})\b", lambda match: PER[match[1]]),
    rule(r"(?<!\d)24/7(?!\d)", lambda _: "twenty-four seven"),
    rule(rf"(?<![\d/])(?:(\d+) )?(\d+)/(\d+)(?![\d/])(?: ?({UNIT}))?", _fraction),
    rule(
        r"(?<![\w.])(\d+)(?: ?ft\.? ?|')(\d{1,2})(?: ?in\b|\"|'')",
        lambda match: f"{cardinal(match[1])} feet {cardinal(match[2])}",
    ),
    rule(
        rf"({NUMBER})(?:-inch| ?in)(?=[.,;:]|$| (?:tall|wide|long|deep|high|thick|by|x)\b)",
        lambda match: f"{number(match[1])} inches",
    ),
    rule(r"(?<=\d) ?x ?(?=\d+ ?=)", lambda _: " times "),
    rule(r"(?<=\d) ?[x×] ?(?=\d+ ?(?:px|pixels)?\b)", lambda _: " by "),
    rule(r"(?<=\d)x\b", lambda _: " times"),
    rule(rf"(?<![\w-])({NUMBER})({UNIT})? ?[-~] ?(?={NUMBER})(?!\d+-\d)", _range),
    rule(rf"((?<![\w.])-?{NUMBER}|{NUMBER})[ -]?({UNIT})", _measure),
    rule(
        r"(\d{1,3}(?:,\d{3})+|\d+)(?:st|nd|rd|th)\b",
        lambda match: ordinal(match[1].replace(",", "")),
    ),
    rule(r"(\d+):(\d+)", lambda match: f"{cardinal(match[1])} to {cardinal(match[2])}"),
    rule(r"(?<=\d) ?\* ?(?=\d)", lambda _: " times "),
    rule(r"(-?)([⁰¹²³⁴⁵⁶⁷⁸⁹]+)", _power),
    rule(r"(?<=\w)\^(-?)(\d+)", _power),
    rule(r"\d+(?:\.\d+){2,}", lambda match: " point ".join(map(cardinal, match[0].split(".")))),
    rule(rf"(?<![\w.)])-(?={NUMBER})", lambda _: "negative "),
    rule(
        r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d*\.\d+",
        lambda match: f" {number(match[0])} ",
    ),
    rule(r"\d+", lambda match: f" {integer(match[0])} "),
)
