"""The symbol sets of the released models; a symbol's id is its position."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Literal

from mynah.text.sentence import Sentence

SymbolVersion = Literal["v1", "v2"]

MARKS = frozenset(",.?!…-")
"""Symbols that are written and not heard."""
INAUDIBLE = MARKS | {"SP2", "SP3", "UNK"}
"""Symbols that are no sound: marks, pauses, and what has no pronunciation."""


@dataclass(frozen=True, slots=True)
class SymbolTable:
    """A released symbol set: 322 symbols in ``v1`` models, 732 in all later ones.

    Attributes:
        version: ``"v1"``, or ``"v2"`` for v2 and everything after it.
        symbols: The symbols in the order of the rows of the text embedding.
    """

    version: SymbolVersion
    symbols: tuple[str, ...]
    _ids: dict[str, int] = field(repr=False, compare=False)

    @classmethod
    @cache
    def of(cls, version: SymbolVersion) -> "SymbolTable":
        """Load the table of a model version."""
        table = files("mynah.text").joinpath("data/symbols.json").read_text(encoding="utf-8")
        symbols = tuple(json.loads(table)[version])
        return cls(version, symbols, {symbol: row for row, symbol in enumerate(symbols)})

    def __len__(self) -> int:
        return len(self.symbols)

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._ids

    def encode(self, phones: Sequence[str]) -> list[int]:
        """Turn symbols into ids; a symbol that this version lacks becomes ``UNK``."""
        unknown = self._ids["UNK"]
        return [self._ids.get(phone, unknown) for phone in phones]

    def encode_sentences(self, sentences: Iterable[Sentence]) -> list[int]:
        """Ids of the phonemes of sentences, one after the other."""
        return [number for sentence in sentences for number in self.encode(sentence.phones)]
