"""English text normalisation: figures, units, signs and abbreviations become words.

A table of rules, each a pattern and what is said for it, applied in order: the more a pattern
knows of its surroundings, the earlier it comes.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable

from mynah.text.languages.english.numerals import cardinal, digits, number, ordinal, plural, year
from mynah.text.languages.english.tables import (
    ABBREVIATIONS,
    CURRENCIES,
    MARKS,
    MONTH_FORMS,
    MONTHS,
    SCALES,
    SIGNS,
    UNITS,
)

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_NUMBER = r"(?<!\d)(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
_UNIT = rf"(?:{_any(UNITS)})(?![A-Za-z0-9²³])"
_MONTH = rf"(?:{_any(MONTH_FORMS)})\.?"
_DAY = r"([12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?(?!\d)"
_YEAR = r"(?:,?\s+([12]\d{3})(?!\d))?"
_ROMAN = {
    numeral: str(value)
    for value, numeral in enumerate(str.split("I II III IV V VI VII VIII IX X XI XII"), start=1)
}
_PART_OF_DAY = re.compile(
    r"\b(?:morning|afternoon|evening|night|tonight|breakfast|lunch|dinner|supper)\b", re.IGNORECASE
)


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


def _clock(match: re.Match[str]) -> str:
    """A time; without a.m. or p.m. it is read on the 24-hour clock, as in the training data.

    Where the sentence itself names the part of the day, 7:30 stays seven thirty.
    """
    hour, minute, half = int(match[1]), match[2] or "00", match[3]
    words = [cardinal(str(hour % 12 or 12))]
    if minute != "00":
        words.append(("oh " if minute[0] == "0" else "") + cardinal(minute))
    elif not half and 0 < hour <= 12:
        return f"{words[0]} o'clock"
    if half:
        words.append(f"{half[0].upper()} M")
    elif not (0 < hour < 12 and _PART_OF_DAY.search(match.string)):
        words.append("A M" if hour < 12 else "P M")
    return _keep_stop(match, " ".join(words))


def _keep_stop(match: re.Match[str], spoken: str) -> str:
    """The full stop of an abbreviation also ends the sentence that it ends."""
    return spoken + "." * (match.end() == len(match.string) and match[0].endswith("."))


def _phone(match: re.Match[str]) -> str:
    return ", ".join(digits(group) for group in re.findall(r"\d+", match[0]))


def _money(match: re.Match[str]) -> str:
    sign, figure, scale = match["sign"], match["figure"], match["scale"]
    unit, units, cent, cents = CURRENCIES[sign]
    if scale:
        return f"{number(figure)} {SCALES.get(scale.lower().strip(), scale.strip())} {units}"
    whole, _, decimals = figure.partition(".")
    if len(decimals) > 2:
        return f"{number(figure)} {units}"
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
    return f"{spoken} {UNITS[unit][figure.lstrip('-') != '1']}"


def _fraction(match: re.Match[str]) -> str:
    whole, numerator, denominator = match.groups()
    if int(denominator) < 2 or int(denominator) > 100 or int(numerator) > int(denominator):
        return f"{number(numerator)} {number(denominator)}"
    name = "half" if int(denominator) == 2 else ordinal(denominator)
    spoken = f"{cardinal(numerator)} {name}{'s' if int(numerator) > 1 else ''}"
    if whole:
        return f"{cardinal(whole)} and {spoken}".replace("and one half", "and a half")
    return spoken


def _decade(match: re.Match[str]) -> str:
    figure = match[1]
    return plural(year(figure) if len(figure) == 4 else cardinal(figure))


def _integer(figure: str) -> str:
    """A plain figure: four digits up to 2999 in pairs like a year, codes digit by digit."""
    if len(figure) == 4 and "1000" < figure < "3000":
        return year(figure)
    coded = len(figure) > 1 and figure[0] == "0"
    return digits(figure) if coded or len(figure) > 9 else cardinal(figure)


def _rule(pattern: str, say: Callable[[re.Match[str]], str]) -> Rule:
    return re.compile(pattern), say


def _range(match: re.Match[str]) -> str:
    low, unit = match.groups()
    spoken = _integer(low) if low.isdigit() else number(low)
    return f"{spoken} {UNITS[unit][1] if unit else ''} to "


_RULES: tuple[Rule, ...] = (
    # abbreviations and addresses
    _rule(
        rf"(?<![\w.])(?:{_any(ABBREVIATIONS)})(?![A-Za-z])",
        lambda match: _keep_stop(match, ABBREVIATIONS[match[0]]),
    ),
    _rule(r"\bSt\.(?=\s[A-Z])", lambda _: "saint"),
    _rule(r"\bSt\.", lambda match: _keep_stop(match, "street")),
    _rule(r"\b[Nn]o\.\s?(?=\d)|#(?=\d)", lambda _: "number "),
    _rule(
        r"\b(?:[A-Za-z]\.){2,}",
        lambda match: _keep_stop(match, " ".join(match[0].upper().split(".")).strip()),
    ),
    _rule(r"(?<=\b[A-Z])#", lambda _: " sharp"),
    _rule(r"\bwww\.", lambda _: "W W W dot "),
    _rule(
        r"(?<=[A-Za-z0-9])\.(?=(?:[a-z0-9-]+\.){0,3}(?:com|org|net|edu|gov|io|ai|cn|uk|html|txt|py)\b)",
        lambda _: " dot ",
    ),
    # dates and times
    _rule(
        r"(?<!\d)(\d{4})[-/.](\d\d?)[-/.](\d\d?)(?!\d)",
        lambda match: _numeric_date(match[1], match[2], match[3], match[0]),
    ),
    _rule(
        r"(?<!\d)(\d\d?)/(\d\d?)/(\d{4})(?!\d)",
        lambda match: _numeric_date(match[3], match[1], match[2], match[0]),
    ),
    _rule(
        rf"\b({_MONTH})\s+{_DAY}{_YEAR}",
        lambda match: _date(match[3], _month_of(match[1]), match[2]),
    ),
    _rule(
        rf"(?<!\d)(?<!\d[.,])([Tt]he )?{_DAY}\s+(?:of\s+)?({_MONTH})(?![a-z]){_YEAR}",
        lambda match: _day_first(match[1] or "the ", match[2], match[3], match[4]),
    ),
    _rule(
        r"(?<![\d:])([01]?\d|2[0-4]):([0-5]\d)(?::[0-5]\d)?(?:\s?([AaPp]\.? ?[Mm]\b\.?))?(?![\d:])",
        _clock,
    ),
    _rule(r"(?<![\d:.])(1[0-2]|0?[1-9])()\s?([AaPp]\.? ?[Mm])\b\.?", _clock),
    _rule(r"(?<![\d.])([12]\d\d0|[2-9]0)'?s\b", _decade),
    # figures with a form of their own
    _rule(
        r"(?<![\d-])(?:(?:\+?\d{1,3}[-. ])?\(?\d{3}\)?[-. ])?\d{3}[-.]\d{4}(?![\d-])"
        r"|(?<![\d-])(?:\+?\d{1,3} )?\(?\d{3}\)? \d{3} \d{4}(?![\d-])",
        _phone,
    ),
    _rule(
        rf"(?P<sign>{_any(CURRENCIES)})\s?(?P<figure>{_NUMBER})"
        r"(?P<scale>\s?(?:thousand|million|billion|trillion|bn|[kKmMbBtT])\b)?",
        _money,
    ),
    _rule(rf"(?P<figure>{_NUMBER})(?P<scale>)(?P<sign>[£€$])", _money),
    _rule(r"(?<![\d/])(?:(\d+) )?(\d+)/(\d+)(?![\d/])", _fraction),
    _rule(rf"(?<![\d-])({_NUMBER})({_UNIT})?\s?[-~]\s?(?={_NUMBER})(?!\d+-)", _range),
    _rule(rf"((?<![\w.])-?{_NUMBER}|{_NUMBER})[\s-]?({_UNIT})", _measure),
    _rule(r"(\d+)(?:st|nd|rd|th)\b", lambda match: ordinal(match[1])),
    _rule(r"(\d+):(\d+)", lambda match: f"{cardinal(match[1])} to {cardinal(match[2])}"),
    _rule(r"(?<=\d)\s?\*\s?(?=\d)", lambda _: " times "),
    _rule(r"\d+(?:\.\d+){2,}", lambda match: " point ".join(map(cardinal, match[0].split(".")))),
    _rule(rf"(?<![\w.)])-(?={_NUMBER})", lambda _: "negative "),
    _rule(
        r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d*\.\d+",
        lambda match: f" {number(match[0])} ",
    ),
    _rule(
        r"\b(World War|Chapter|Part|Volume|Act|Phase|Section|Book|Episode|Type)"
        rf" ({_any(_ROMAN)})\b",
        lambda match: f"{match[1]} {cardinal(_ROMAN[match[2]])}",
    ),
    _rule(
        r"\b(Henry|Louis|Elizabeth|George|Charles|Edward|Richard|William|James|Paul|Pius|Benedict)"
        rf" (?!I\b)({_any(_ROMAN)})\b",
        lambda match: f"{match[1]} the {ordinal(_ROMAN[match[2]])}",
    ),
    _rule(r"\d+", lambda match: f" {_integer(match[0])} "),
    # what is left of the signs
    _rule(r"\.{2,}|…", lambda _: "."),
    _rule(r"\s-+\s|--+", lambda _: ", "),
)

_SPOKEN_SIGNS = str.maketrans(SIGNS | MARKS)
_SILENT = re.compile(r"[^A-Za-z' ,.?!-]+|(?<![A-Za-z])-+|-+(?![A-Za-z])")
_LOOSE_APOSTROPHE = re.compile(r"(?<![A-Za-z])'|'(?![A-Za-z])")
_MARK_RUN = re.compile(r" ?([,.?!])[ ,.?!]*")


def _plain(text: str) -> str:
    """Greek letters by name and Latin letters without their accents."""
    named = "".join(
        f" {unicodedata.name(c).split()[-1].lower()} " if "GREEK" in unicodedata.name(c, "") else c
        for c in text
    )
    return "".join(c for c in unicodedata.normalize("NFD", named) if not unicodedata.combining(c))


def normalise(text: str) -> str:
    """Write an English text in words of ASCII letters and the marks ``, . ? !``.

    Capitals stay, because they tell acronyms from words; of neighbouring marks the first remains.
    """
    for pattern, say in _RULES:
        text = pattern.sub(say, text)
    text = _SILENT.sub(" ", _plain(text.translate(_SPOKEN_SIGNS)))
    words = " ".join(_LOOSE_APOSTROPHE.sub(" ", text).split())
    return _MARK_RUN.sub(r"\1 ", words).strip()
