"""Numbers in English words."""

import re

_ONES = str.split(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen"
)
_TENS = str.split("- - twenty thirty forty fifty sixty seventy eighty ninety")
_POWERS = ("", "thousand", "million", "billion", "trillion", "quadrillion")
_LONGEST_CARDINAL = 3 * len(_POWERS)
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def digits(figure: str) -> str:
    """Digit by digit."""
    return " ".join(_ONES[int(digit)] for digit in figure)


def cardinal(figure: str) -> str:
    """A whole number in words: ``1024`` is one thousand twenty-four."""
    figure = figure.replace(",", "")
    value = int(figure) if len(figure) <= _LONGEST_CARDINAL else -1
    if value < 0:
        return digits(figure)
    if not value:
        return _ONES[0]
    words: list[str] = []
    for power in _POWERS:
        value, group = divmod(value, 1000)
        if group:
            words.insert(0, f"{_below_thousand(group)} {power}".strip())
    return " ".join(words)


def _below_thousand(value: int) -> str:
    hundreds, rest = divmod(value, 100)
    words = [_ONES[hundreds], "hundred"] if hundreds else []
    tens, ones = divmod(rest, 10)
    if rest >= len(_ONES):
        words.append(f"{_TENS[tens]}-{_ONES[ones]}" if ones else _TENS[tens])
    elif rest:
        words.append(_ONES[rest])
    return " ".join(words)


def ordinal(figure: str) -> str:
    """``21`` is twenty-first."""
    *head, last = re.split(r"(?<=[ -])", cardinal(figure))
    stem = last[:-1] + "ie" if last.endswith("y") else last
    return "".join(head) + (_ORDINALS.get(last) or stem + "th")


def plural(words: str) -> str:
    """``nineteen ninety`` is nineteen nineties."""
    if words.endswith("y"):
        return words[:-1] + "ies"
    return words + ("es" if words.endswith(("x", "s")) else "s")


def year(figure: str) -> str:
    """Four digits in pairs: ``1905`` is nineteen oh five, ``2005`` two thousand five."""
    century, rest = figure[:2], figure[2:]
    if rest == "00":
        return cardinal(figure) if century[1] == "0" else f"{cardinal(century)} hundred"
    if century[1] == "0" and rest[0] == "0":
        return cardinal(figure)
    tail = f"oh {cardinal(rest)}" if rest[0] == "0" else cardinal(rest)
    return f"{cardinal(century)} {tail}"


def number(figure: str) -> str:
    """A number with sign or decimals: ``-0.50`` is negative zero point five zero."""
    sign = "negative " if figure.startswith("-") else ""
    whole, point, decimals = figure.lstrip("-").partition(".")
    spoken = cardinal(whole or "0")
    return f"{sign}{spoken} point {digits(decimals)}" if point else sign + spoken
