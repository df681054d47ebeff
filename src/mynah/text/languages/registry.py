"""Language codes, and the language pack that each is read by."""

from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from mynah.errors import LanguageError
from mynah.text.sentence import Word


class LanguagePack(Protocol):
    """What a language's package offers: text to words, and words to phonemes."""

    def normalise(self, text: str) -> str:
        """Write out numbers, units and signs; ``EMBEDDED`` marks are kept as they are."""

    def phonemize(self, text: str) -> list[Word]:
        """Pronounce normalised text; every phone is in the symbol set."""


_PACKS = {"zh": "mynah.text.languages.mandarin", "en": "mynah.text.languages.english"}


@dataclass(frozen=True, slots=True)
class LanguageCode:
    """How a language code reads a text.

    Attributes:
        base: The language of everything that is not English.
        english: Whether whole clauses without a character of the base language are English,
            numbers included; if not, only words in Latin letters are.
    """

    base: str
    english: bool


CODES: dict[str, LanguageCode] = {
    "auto": LanguageCode("zh", english=True),
    "zh": LanguageCode("zh", english=True),
    "en": LanguageCode("en", english=False),
    "all_zh": LanguageCode("zh", english=False),
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
    """Load a language's room, the first time with its dictionaries."""
    return cast(LanguagePack, import_module(_PACKS[language]))
