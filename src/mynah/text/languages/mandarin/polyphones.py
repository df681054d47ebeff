"""Readings of polyphones that the characters around them decide, across the borders of words.

``data/polyphones.txt`` has a line for each reading: the character, the reading, and the contexts
that ask for it, as regular expressions in which ``_`` stands for the character. The first context
that fits decides.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_LOOKBEHIND = 10


@dataclass(frozen=True, slots=True)
class Context:
    """The text before and after a character that is read in this way."""

    reading: str
    before: re.Pattern[str]
    after: re.Pattern[str]

    def fits(self, clause: str, at: int) -> bool:
        """True for the character at a position of a clause."""
        if not self.after.match(clause, at + 1):
            return False
        start = max(0, at - _LOOKBEHIND)
        return (
            self.before.search(clause[start:at] if not start else f"…{clause[start:at]}")
            is not None
        )


def decided_readings(clause: str) -> dict[int, str]:
    """Readings by position, of the characters that their context decides."""
    contexts = _contexts()
    readings: dict[int, str] = {}
    for at, character in enumerate(clause):
        for context in contexts.get(character, ()):
            if context.fits(clause, at):
                readings[at] = context.reading
                break
    return readings


@cache
def _contexts() -> dict[str, list[Context]]:
    table = files("mynah.text.languages.mandarin").joinpath("data/polyphones.txt")
    contexts: dict[str, list[Context]] = {}
    for line in table.read_text(encoding="utf-8").splitlines():
        character, reading, *patterns = line.split()
        contexts.setdefault(character, []).extend(_context(reading, p) for p in patterns)
    return contexts


def _context(reading: str, pattern: str) -> Context:
    before, after = pattern.split("_")
    return Context(reading, re.compile(rf"(?:{before})\Z"), re.compile(after))
