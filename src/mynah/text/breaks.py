"""Pauses that a text asks for: `<break time="1.5s" />`, as in SSML."""

import re
from collections.abc import Iterator

LONGEST_BREAK = 5.0
"""Seconds; longer ones, and several in a row, last as long as this."""
_BREAK = re.compile(r"""<break(?:\s+time\s*=\s*["'“”](\d+(?:\.\d+)?)\s*(m?s)["'“”])?\s*/?>""", re.I)
_DEFAULT = 1.0
"""Seconds of a break that does not say how long it is."""


def without_breaks(text: str) -> str:
    """The text with a blank in place of each break."""
    return _BREAK.sub(" ", text)


def parts(text: str) -> Iterator[tuple[float, str]]:
    """The text between breaks, each part with the seconds of the break before it.

    Breaks with nothing between them are one; the last part is empty if the text ends with a break.
    """
    seconds, end = 0.0, 0
    for found in _BREAK.finditer(text):
        part = text[end : found.start()].strip()
        if part:
            yield seconds, part
            seconds = 0.0
        seconds = min(LONGEST_BREAK, seconds + _seconds(found))
        end = found.end()
    yield seconds, text[end:].strip()


def _seconds(found: re.Match[str]) -> float:
    number, unit = found.groups()
    if number is None:
        return _DEFAULT
    return float(number) / (1000 if unit.lower() == "ms" else 1)
