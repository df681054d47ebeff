"""The one list of languages: the codes that callers send, and the pack that reads each.

A new language is a folder beside this file, a line in `LANGUAGES` and its codes in `CODES`. The
codes and what they mean are GPT-SoVITS's.
"""

import re
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from mynah.errors import LanguageError
from mynah.text.scripts import HAN, HAN_OR_KANA, HANGUL, LATIN
from mynah.text.sentence import Word


class LanguagePack(Protocol):
    """A language's package: text to words, and words to phonemes."""

    def normalise(self, text: str) -> str:
        """Write out numbers, units and signs; ``EMBEDDED`` marks are kept as they are."""

    def phonemize(self, text: str) -> list[Word]:
        """Pronounce normalised text; every phone is in the symbol set."""


@dataclass(frozen=True, slots=True)
class Language:
    """A language.

    Attributes:
        name: In English.
        folder: Its pack's, beside this file.
        characters: One of the script that shows the language.
        spaced: Whether it writes spaces between sentences.
        reads_letters: Whether it reads abbreviations by themselves, and units after its own
            numerals, by its own names of the letters; if not, they are English.
    """

    name: str
    folder: str
    characters: re.Pattern[str]
    spaced: bool = False
    reads_letters: bool = False


LANGUAGES = {
    "zh": Language("Mandarin", "mandarin", HAN),
    "en": Language("English", "english", LATIN, spaced=True),
    "ja": Language("Japanese", "japanese", HAN_OR_KANA, reads_letters=True),
    "ko": Language("Korean", "korean", HANGUL, spaced=True, reads_letters=True),
    "yue": Language("Cantonese", "cantonese", HAN),
}
"""Languages by their ISO 639 codes, which are also the names of the extras that they need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageCode:
    """The reading of texts under a language code.

    Attributes:
        base: The language of everything that shows no other one.
        english: Whether whole clauses without a character of the base language are English,
            numbers included; if not, only words in Latin letters are.
        by_script: Whether kana show Japanese, and Hangul Korean.
        name: In English, for lists of languages.
        expected: The languages that a whole text of this code is taken to be in where nothing
            is known of it: recordings to recognise, sentences to judge a voice by.
    """

    base: str
    english: bool
    by_script: bool = False
    name: str
    expected: tuple[str, ...]


def _mixed(language: str) -> LanguageCode:
    name = f"{LANGUAGES[language].name} with English in it"
    return LanguageCode(base=language, english=True, name=name, expected=(language,))


def _whole(language: str) -> LanguageCode:
    spoken = LANGUAGES[language].name
    name = f"{spoken} with English words in it, every number read in {spoken}"
    return LanguageCode(base=language, english=False, name=name, expected=(language,))


def _by_script(base: str) -> LanguageCode:
    name = f"{LANGUAGES[base].name}, English, Japanese and Korean, by script"
    return LanguageCode(base=base, english=True, by_script=True, name=name, expected=(base, "en"))


CODES: dict[str, LanguageCode] = {
    "auto": _by_script("zh"),
    "zh": _mixed("zh"),
    "en": LanguageCode(base="en", english=False, name="English", expected=("en",)),
    "all_zh": _whole("zh"),
    "ja": _mixed("ja"),
    "all_ja": _whole("ja"),
    "ko": _mixed("ko"),
    "all_ko": _whole("ko"),
    "yue": _mixed("yue"),
    "all_yue": _whole("yue"),
    "auto_yue": _by_script("yue"),
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
    """Load the pack of a language, the first time with its dictionaries.

    Raises:
        LanguageError: A package that it needs is not installed; the message names the extra.
    """
    spoken = LANGUAGES[language]
    try:
        return cast(LanguagePack, import_module(f"{__package__}.{spoken.folder}"))
    except ModuleNotFoundError as error:
        raise LanguageError(
            f"{spoken.name} needs the package {error.name}, which is not installed: run "
            f"`pip install 'mynah[{language}]'`"
        ) from None
