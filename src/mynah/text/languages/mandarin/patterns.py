"""Patterns that the rules of Mandarin normalisation share."""

import re
from collections.abc import Callable, Collection

from mynah.text.languages.mandarin.tables import MEASURES
from mynah.text.units import unit_pattern, units

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]


def any_of(words: Collection[str]) -> str:
    """A regular expression for one of some words, the longest that fits."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


def rule(pattern: str, say: Callable[[re.Match[str]], str]) -> Rule:
    """Compile a rule: a pattern, and what is said for it."""
    return re.compile(pattern), say


UNITS = {symbol: unit for symbol, unit in units().items() if unit.mandarin}

NUMBER = r"(?<!\d)(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
TO = r" *[-~—～]+ *"
UNIT = unit_pattern(UNITS)
MEASURE = any_of(MEASURES)

_SENTENCE = re.compile(r"[^。！？!?\n]*\Z")


def before(match: re.Match[str], characters: int = 12) -> str:
    """Some characters before a match, of its own sentence."""
    start = match.start()
    found = _SENTENCE.search(match.string, max(0, start - characters), start)
    return found[0] if found else ""


def after(match: re.Match[str], characters: int = 8) -> str:
    """Some characters after a match."""
    return match.string[match.end() : match.end() + characters]


def name_of(unit: str) -> str:
    """The Mandarin name of a unit, or of one per another."""
    return "每".join(UNITS[part].mandarin or "" for part in _parts(unit))


def _parts(unit: str) -> list[str]:
    return [unit] if unit in UNITS else unit.split("/")
