"""English text normalisation: figures, units, signs and abbreviations become words.

A table of rules, each a pattern and what is said for it, applied in order: the more a pattern
knows of its surroundings, the earlier it comes.
"""

import re
import unicodedata

from mynah.text.languages.english.amounts import AMOUNTS
from mynah.text.languages.english.dates import DATES
from mynah.text.languages.english.names import ABBREVIATED, MODELS, ROMANS
from mynah.text.languages.english.patterns import Rule, rule
from mynah.text.languages.english.tables import MARKS, SIGNS

_RULES: tuple[Rule, ...] = (
    *ABBREVIATED,
    *DATES,
    *ROMANS,
    *MODELS,
    *AMOUNTS,
    # what is left of the signs
    rule(r"\.{2,}|…", lambda _: "."),
    rule(r" -+ |--+", lambda _: ", "),
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
