"""Patterns that the rules of English normalisation share."""

import re
from collections.abc import Callable, Iterable

from mynah.text.languages.english.numerals import cardinal, digits, number, year
from mynah.text.units import unit_pattern, units

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]


def any_of(words: Iterable[str]) -> str:
    """A regular expression for one of some words, the longest that fits."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


def rule(pattern: str, say: Callable[[re.Match[str]], str]) -> Rule:
    """Compile a rule: a pattern, and what is said for it."""
    return re.compile(pattern), say


UNITS = units()
NUMBER = r"(?<!\d)(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
UNIT = rf"(?:sq ft|{unit_pattern(UNITS)})"

_SENTENCE = re.compile(r"(?:[^.?!\n]|\.(?=\S))*\Z")


def before(match: re.Match[str], characters: int = 24) -> str:
    """Some characters before a match, of its own sentence."""
    start = match.start()
    found = _SENTENCE.search(match.string, max(0, start - characters), start)
    return found[0] if found else ""


def after(match: re.Match[str], characters: int = 24) -> str:
    """Some characters after a match."""
    return match.string[match.end() : match.end() + characters]


def unit_name(unit: str, one: bool = False) -> str:
    """The name of a unit, or of one per another: ``mg/L`` is milligrams per liter."""
    if unit == "sq ft":
        unit = "ft²"
    first, *rest = [unit] if unit in UNITS else unit.split("/")
    name = UNITS[first].singular if one else UNITS[first].plural
    return " per ".join([name, *(UNITS[part].singular for part in rest)])


def keep_stop(match: re.Match[str], spoken: str) -> str:
    """The full stop of an abbreviation also ends the sentence that it ends."""
    return spoken + "." * (match.end() == len(match.string) and match[0].endswith("."))


def integer(figure: str) -> str:
    """A plain figure: four digits up to 2999 in pairs like a year, codes digit by digit."""
    if len(figure) == 4 and "1000" < figure < "3000":
        return year(figure)
    coded = len(figure) > 1 and figure[0] == "0"
    return digits(figure) if coded or len(figure) > 9 else cardinal(figure)


def figure_or_number(figure: str) -> str:
    """A figure as it stands, or a number with a separator or decimals."""
    return integer(figure) if figure.isdigit() else number(figure)
