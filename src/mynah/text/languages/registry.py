"""The one list of languages: the codes that callers send, and the pack that reads each.

A new language is a folder beside this file, a line in `LANGUAGES` and its codes in `CODES`.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from mynah.errors import LanguageError
from mynah.text.sentence import Word


class LanguagePack(Protocol):
    """A language's package: text to words, and words to phonemes."""

    def normalise(self, text: str) -> str:
        """Write out numbers, units and signs; ``EMBEDDED`` marks are kept as they are."""

    def phonemize(self, text: str) -> list[Word]:
        """Pronounce normalised text; every phone is in the symbol set."""


LANGUAGES = {"zh": "mandarin", "en": "english"}
"""Languages by their ISO 639 codes, each with the folder of its pack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageCode:
    """The reading of texts under a language code.

    Attributes:
        base: The language of everything that is not English.
        english: Whether whole clauses without a character of the base language are English,
            numbers included; if not, only words in Latin letters are.
        name: In English, for lists of languages.
        expected: The languages that a whole text of this code may be in.
    """

    base: str
    english: bool
    name: str
    expected: tuple[str, ...]


CODES: dict[str, LanguageCode] = {
    "auto": LanguageCode(
        base="zh", english=True, name="Mandarin and English, by script", expected=("zh", "en")
    ),
    "zh": LanguageCode(
        base="zh", english=True, name="Mandarin with English in it", expected=("zh",)
    ),
    "en": LanguageCode(base="en", english=False, name="English", expected=("en",)),
    "all_zh": LanguageCode(
        base="zh",
        english=False,
        name="Mandarin with English words in it, every number read in Mandarin",
        expected=("zh",),
    ),
}


def language_code(language: str) -> LanguageCode:
    """Look a language code up.

    Raises:
        LanguageError: The code is not known; the message lists those that are.
    """
    if language not in CODES:
        raise LanguageError(f"unknown language {language!r}: use one of {', '.join(CODES)}")
    return CODES[language]


def language_pack(language: str) -> LanguagePack:
    """Load the pack of a language, the first time with its dictionaries."""
    return cast(LanguagePack, import_module(f"{__package__}.{LANGUAGES[language]}"))
