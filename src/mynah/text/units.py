"""Units of measure as they are written after figures, with their names in each language."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from re import escape


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit's names.

    Attributes:
        mandarin: None where Mandarin says the letters.
        singular: English.
        plural: English.
    """

    mandarin: str | None
    singular: str
    plural: str


@cache
def units() -> dict[str, Unit]:
    """The units by their symbols."""
    lines = files("mynah.text").joinpath("data/units.txt").read_text("utf-8").splitlines()
    return {symbol: _unit(names) for symbol, names in (line.split(" ", 1) for line in lines)}


def _unit(names: str) -> Unit:
    mandarin, english = names.split(" ", 1)
    singular, plural = english.split("/")
    return Unit(None if mandarin == "-" else mandarin, singular, plural)


def unit_pattern(symbols: dict[str, Unit]) -> str:
    """A regular expression for one unit, or one per another (``mg/L``), and no part of a word."""
    one = "|".join(sorted(map(escape, symbols), key=len, reverse=True))
    return rf"(?:{one})(?:/(?:{one}))?(?![A-Za-z0-9²³])"
