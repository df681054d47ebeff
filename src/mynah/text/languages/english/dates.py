"""Dates and times of day in English."""

import re

from mynah.text.languages.english.numerals import cardinal, ordinal, plural, year
from mynah.text.languages.english.patterns import Rule, after, any_of, before, keep_stop, rule
from mynah.text.languages.english.tables import DAY_FORMS, MONTH_FORMS, MONTHS

_MONTH = rf"(?:{any_of(MONTH_FORMS)})\.?"
_DAY = r"([12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?(?!\d)"
_YEAR = r"(?:,? +([12]\d{3})(?!\d))?"
_ALWAYS_DAYS = "Mon|Tues?|Thu(?:rs?)?|Fri"
_OFTEN_WORDS = "Weds?|Sat|Sun"
_ANY_DAY = rf"(?:{_ALWAYS_DAYS}|{_OFTEN_WORDS})"
_BEFORE_NOON = re.compile(r"\b(?:before|until|till|by) noon\b", re.IGNORECASE)
_COMPARED_BEFORE = re.compile(
    r"\b(?:scor|w[oi]n|beat|los[et]|lead|led|defeat|ratio|scale|odds|mix|dilut|proportion|map)[a-z]*"
    r"\b[^.?!]*$",
    re.IGNORECASE,
)
_COMPARED_AFTER = re.compile(r" ?(?:win|victory|defeat|loss|lead|draw|ratio|scale|odds)\b")


def _date(year_: str | None, month: str, day: str) -> str:
    spoken = f"{month} {ordinal(day)}"
    return f"{spoken}, {year(year_)}" if year_ else spoken


def _day_first(article: str, day: str, month: str, year_: str | None) -> str:
    spoken = f"{article}{ordinal(day)} of {_month_of(month)}"
    return f"{spoken}, {year(year_)}" if year_ else spoken


def _numeric_date(year_: str, month: str, day: str, written: str) -> str:
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return written
    return _date(year_, MONTHS[int(month) - 1], day)


def _month_of(form: str) -> str:
    return MONTH_FORMS[form.rstrip(".")]


def _weekday(match: re.Match[str]) -> str:
    return DAY_FORMS[match[1][:3]]


def _clock(match: re.Match[str]) -> str:
    """A time as it is written: the half of the day is said only where the text tells it."""
    hour, minute, second, half = int(match[1]), match[2] or "00", match[3], match[4]
    if second:
        return _duration(hour, minute, second)
    if not half and (_COMPARED_BEFORE.search(before(match)) or _COMPARED_AFTER.match(after(match))):
        return f"{cardinal(match[1])} to {cardinal(minute)}"
    words = [cardinal(str(hour % 12 or 12))]
    if minute != "00":
        words.append(("oh " if minute[0] == "0" else "") + cardinal(minute))
    elif not half and 0 < hour <= 12:
        return f"{words[0]} o'clock"
    if half:
        words.append(f"{half[0].upper()} M")
    elif hour > 12 or hour == 0:
        words.append("A M" if hour in {0, 24} else "P M")
    elif hour < 12 and _BEFORE_NOON.search(after(match, 40)):
        words.append("A M")
    return keep_stop(match, " ".join(words))


def _duration(hour: int, minute: str, second: str) -> str:
    parts = ((str(hour), "hour"), (minute, "minute"), (second, "second"))
    spoken = [f"{cardinal(n)} {unit}{'s' * (int(n) != 1)}" for n, unit in parts if int(n)]
    return " ".join(spoken) or "zero seconds"


def _decade(match: re.Match[str]) -> str:
    figure = match[1]
    return plural(year(figure) if len(figure) == 4 else cardinal(figure))


DATES: tuple[Rule, ...] = (
    rule(rf"\b({_ANY_DAY})\b\.? ?- ?(?={_ANY_DAY}\b)", lambda m: f"{_weekday(m)} to "),
    rule(
        rf"\b({_ALWAYS_DAYS})\b(?:\.(?= *[,;\da-z]| *[A-Z][a-z]{{2}}\.? \d))?(?!')",
        _weekday,
    ),
    rule(
        rf"\b({_OFTEN_WORDS})\b\.?(?=,? (?:{_MONTH} ?\d|\d))"
        rf"|(?<=\bto )({_OFTEN_WORDS})\b|(?<=\b[Oo]n )({_OFTEN_WORDS})\b(?!')",
        lambda m: DAY_FORMS[next(filter(None, m.groups()))[:3]],
    ),
    rule(
        r"(?<!\d)(\d{4})[-/.](\d\d?)[-/.](\d\d?)(?!\d)",
        lambda match: _numeric_date(match[1], match[2], match[3], match[0]),
    ),
    rule(
        r"(?<!\d)(\d\d?)/(\d\d?)/(\d{4})(?!\d)",
        lambda match: _numeric_date(match[3], match[1], match[2], match[0]),
    ),
    rule(
        rf"\b({_MONTH}) +{_DAY}{_YEAR}",
        lambda match: _date(match[3], _month_of(match[1]), match[2]),
    ),
    rule(rf"\b({_MONTH})(?= +(?:19|20)\d\d(?!\d))", lambda match: _month_of(match[1])),
    rule(
        rf"(?<!\d)(?<!\d[.,])([Tt]he )?{_DAY} +(?:of +)?({_MONTH})(?![a-z]){_YEAR}",
        lambda match: _day_first(match[1] or "the ", match[2], match[3], match[4]),
    ),
    rule(r"(?<=:\d\d) ?- ?(?=\d?\d:\d\d)|(?<=\d[ap]m) ?- ?(?=\d)", lambda _: " to "),
    rule(
        r"(?<![\d:])([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?"
        r"(?: ?([AaPp]\.? ?[Mm]\b\.?))?(?![\d:])",
        _clock,
    ),
    rule(r"(?<![\d:.])(1[0-2]|0?[1-9])()() ?([AaPp]\.? ?[Mm])\b\.?", _clock),
    rule(r"(?<![\d.])([12]\d\d0|[2-9]0)'?s\b", _decade),
)
