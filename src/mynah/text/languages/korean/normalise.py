"""Korean text normalisation: figures, units, signs and letters become Hangul.

A table of rules, each a pattern and what is said for it, applied in order: the more a pattern
knows of its surroundings, the earlier it comes.
"""

import re
from collections.abc import Callable

from mynah.text.languages.korean.numerals import digits, native, sino
from mynah.text.languages.korean.tables import (
    COUNTED,
    CURRENCIES,
    LETTERS,
    MARKS,
    NOT_COUNTED,
    PER,
    SIGNS,
    UNITS,
)
from mynah.text.sentence import EMBEDDED

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]

_VALUE = r"\d+(?:\.\d+)?"
_SCALE = "[십백천]?[만억조]?"
_MONTHS = {6: "유", 10: "시"}
_LAST_NATIVE_HOUR = 12


def _any(words: list[str] | dict[str, str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


def _rule(pattern: str, say: Callable[[re.Match[str]], str]) -> Rule:
    return re.compile(pattern), say


def _phone(match: re.Match[str]) -> str:
    return "-".join(digits(group, zero="공") for group in re.findall(r"\d+", match[0]))


def _date(match: re.Match[str]) -> str:
    year, month, day = match.group("year", "month", "day")
    return f"{sino(year)}년 {_month(int(month))} {sino(str(int(day)))}일"


def _month(month: int) -> str:
    return f"{_MONTHS.get(month) or sino(str(month))}월"


def _time(match: re.Match[str]) -> str:
    hour, minute, second = match.groups()
    words = [f"{_hour(hour)}시"]
    if int(minute) or second:
        words.append(f"{sino(str(int(minute)))}분")
    if second:
        words.append(f"{sino(str(int(second)))}초")
    return " ".join(words)


def _hour(figures: str) -> str:
    hour = str(int(figures))
    return native(hour) if int(hour) <= _LAST_NATIVE_HOUR else sino(hour)


def _counted(match: re.Match[str]) -> str:
    figures, noun = match.groups()
    return (_hour(figures) if noun == "시" else native(figures)) + noun


def _measure(match: re.Match[str]) -> str:
    rate = match["rate"] or (PER[match["per"]] if match["per"] else "")
    return rate + sino(match["value"]) + match["scale"] + UNITS[match["unit"]]


_RULES: tuple[Rule, ...] = (
    _rule(r"(?<=\d),(?=\d{3}(?!\d))", lambda _: ""),
    _rule(
        r"(?<![\d.-])(?:\+82[ -])?\(?\d{2,3}\)?[ -]\d{3,4}-\d{4}(?![.-]?\d)"
        r"|(?<![\d.-])1[5-9]\d\d-\d{4}(?![.-]?\d)|(?<![\d.])0\d{9,10}(?!\d)",
        _phone,
    ),
    _rule(
        r"(?<![\d./-])(?P<year>[12]\d{3})(?P<gap>[/-]|\. ?)(?P<month>1[0-2]|0?[1-9])(?P=gap)"
        r"(?P<day>[12]\d|3[01]|0?[1-9])(?![\d/-])\.?",
        _date,
    ),
    _rule(r"(?<!\d)(1[0-2]|0?[1-9])월", lambda match: _month(int(match[1]))),
    _rule(r"(?<![\d:：])([01]?\d|2[0-4])[:：]([0-5]\d)(?:[:：]([0-5]\d))?(?![\d:：])", _time),
    _rule(r"(?<![\d.])1\s?번째", lambda _: "첫 번째"),
    _rule(
        rf"(?P<sign>{_any(CURRENCIES)})\s?(?P<value>{_VALUE})(?P<scale>{_SCALE})",
        lambda match: sino(match["value"]) + match["scale"] + CURRENCIES[match["sign"]],
    ),
    _rule(
        r"(?<![\w)])-(?P<value>\d+(?:\.\d+)?)\s?(?:℃|°C|°|도)",
        lambda match: f"영하 {sino(match['value'])}도",
    ),
    _rule(
        rf"(?P<rate>[시초]속 ?)?(?P<value>{_VALUE})(?P<scale>{_SCALE})\s?"
        rf"(?P<unit>{_any(UNITS)})(?:/(?P<per>{_any(PER)}))?"
        r"(?![A-Za-z0-9²³])",
        _measure,
    ),
    _rule(
        rf"(?<![\d./])({_VALUE})/({_VALUE})(?![\d./])",
        lambda match: f"{sino(match[2])}분의 {sino(match[1])}",
    ),
    _rule(r"(?<=[\d개명살시원일월년도])\s?~\s?(?=\d)", lambda _: "에서 "),
    _rule(rf"(?<![\d.])(\d{{1,2}}) ?(?!{_any(NOT_COUNTED)})({_any(COUNTED)})", _counted),
    _rule(r"(?<![\w)])-(?=\d)", lambda _: "마이너스 "),
    _rule(r"(?<![\d.])1(?=만)", lambda _: ""),
    _rule(_VALUE, lambda match: sino(match[0])),
    _rule(r"[A-Za-z]", lambda match: LETTERS[match[0].upper()]),
    _rule(r"\.{2,}|[…‥]+", lambda _: "…"),
    _rule(f"[{re.escape(''.join(SIGNS))}]", lambda match: SIGNS[match[0]]),
    _rule(f"[{re.escape(''.join(MARKS))}]", lambda match: MARKS[match[0]]),
    _rule(rf"[^가-힣 ,.?!…{EMBEDDED}-]+", lambda _: ""),
    _rule(" {2,}", lambda _: " "),
    _rule(r" (?=[,.?!…-])", lambda _: ""),
)


def normalise(text: str) -> str:
    """Write a Korean text in Hangul, blanks and the marks ``, . ? ! … -``.

    ``EMBEDDED`` marks stay; quotes and whatever else is not spoken goes.
    """
    for pattern, say in _RULES:
        text = pattern.sub(say, text)
    return text
