"""Texts to read aloud for a voice: a minute each, with every sound of the language in it."""

from dataclasses import dataclass
from importlib.resources import files

from mynah.errors import LanguageError
from mynah.text.languages.registry import LANGUAGES

_FOLDER = files("mynah") / "text" / "languages"


@dataclass(frozen=True, slots=True)
class ReadingScript:
    """A text to read aloud.

    Attributes:
        language: its ISO 639 code.
        sentences: to be read in this order.
    """

    language: str
    sentences: tuple[str, ...]


def reading_script(language: str) -> ReadingScript:
    """The script of a language.

    Raises:
        LanguageError: there is none.
    """
    if language not in LANGUAGES:
        raise LanguageError(f"There is no script for {language!r:.20}; use {', '.join(LANGUAGES)}.")
    lines = (
        (_FOLDER / LANGUAGES[language].folder / "data" / "reading_script.txt")
        .read_text("utf-8")
        .splitlines()
    )
    return ReadingScript(language, tuple(filter(None, lines)))
