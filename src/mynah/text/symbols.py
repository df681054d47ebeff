"""The symbol sets of the released models; a symbol's id is its position."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Literal

from mynah.errors import LanguageError
from mynah.text.languages.registry import LANGUAGES
from mynah.text.sentence import Sentence

SymbolVersion = Literal["v1", "v2"]

MARKS = frozenset(",.?!…-")
"""Symbols that are written and not heard."""
INAUDIBLE = MARKS | {"SP2", "SP3", "UNK"}
"""Symbols that are no sound: marks, pauses, and what has no pronunciation."""

BLANK = "空"
"""The symbol of a blank between Korean words."""

_OF_V1 = ("zh", "en", "ja")


@dataclass(frozen=True, slots=True)
class SymbolTable:
    """A released symbol set: 322 symbols in ``v1`` models, 732 in all later ones.

    Attributes:
        version: ``"v1"``, or ``"v2"`` for v2 and everything after it.
        symbols: The symbols in the order of the rows of the text embedding.
        languages: Those that the models were trained with; Korean and Cantonese came with v2.
    """

    version: SymbolVersion
    symbols: tuple[str, ...]
    languages: tuple[str, ...]
    _ids: dict[str, int] = field(repr=False, compare=False)

    @classmethod
    @cache
    def of(cls, version: SymbolVersion) -> "SymbolTable":
        """Load the table of a model version."""
        table = files("mynah.text").joinpath("data/symbols.json").read_text(encoding="utf-8")
        symbols = tuple(json.loads(table)[version])
        languages = _OF_V1 if version == "v1" else tuple(LANGUAGES)
        rows = {symbol: row for row, symbol in enumerate(symbols)}
        return cls(version, symbols, languages, rows)

    def limited_to(self, languages: Collection[str]) -> "SymbolTable":
        """The table of a model that was trained with some of the languages."""
        return replace(self, languages=tuple(each for each in self.languages if each in languages))

    def __len__(self) -> int:
        return len(self.symbols)

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._ids

    def encode(self, phones: Sequence[str]) -> list[int]:
        """Turn symbols into ids; a symbol that this version lacks becomes ``UNK``."""
        unknown = self._ids["UNK"]
        return [self._ids.get(phone, unknown) for phone in phones]

    def encode_sentences(self, sentences: Iterable[Sentence]) -> list[int]:
        """Ids of the phonemes of sentences, one after the other.

        Raises:
            LanguageError: A word is in a language that the models do not speak.
        """
        return [number for sentence in sentences for number in self._encoded(sentence)]

    def _encoded(self, sentence: Sentence) -> list[int]:
        for span in sentence.spans:
            if span.language not in self.languages:
                raise self._not_spoken(span.language)
        return self.encode(sentence.phones)

    def _not_spoken(self, language: str) -> LanguageError:
        *others, last = (LANGUAGES[each].name for each in self.languages)
        return LanguageError(
            f"this model speaks {', '.join(others)} and {last} only: {LANGUAGES[language].name} "
            f"needs released weights, {'v1' if language in _OF_V1 else 'v2'} or later"
        )
