"""Sentences of phonemes, the output of the text stage, and the words that own the phonemes."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """The smallest written unit that is pronounced: a Chinese character, an English word, a mark.

    Attributes:
        text: As it stands in the normalised text.
        phones: Its symbols; never empty.
    """

    text: str
    phones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """A word and its place in a sentence: ``sentence.phones[start:end]``."""

    text: str
    language: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """The unit of synthesis.

    Attributes:
        text: The piece of the caller's text that is spoken.
        normalised: The same in words, without digits, units and signs.
        phones: Symbols of the released models (:mod:`mynah.text.symbols`).
        spans: One per word in order; together they tile ``phones`` without gap or overlap.
        before: Seconds of silence before it that the text asks for; None if it does not.
        after: Seconds of silence that the text asks for at its end.
    """

    text: str
    normalised: str
    phones: tuple[str, ...]
    spans: tuple[Span, ...]
    before: float | None = None
    after: float = 0.0

    @classmethod
    def of(
        cls, text: str, words: Sequence[tuple[str, Word]], before: float | None = None
    ) -> "Sentence":
        """Lay words, each with its language, end to end."""
        phones: list[str] = []
        spans: list[Span] = []
        for language, word in words:
            start = len(phones)
            phones.extend(word.phones)
            spans.append(Span(word.text, language, start, len(phones)))
        return cls(text, _written(spans), tuple(phones), tuple(spans), before)


def _written(spans: Sequence[Span]) -> str:
    """Put a blank before an English word that follows English."""
    written = ""
    before = ""
    for span in spans:
        blank = " " if span.language == before == "en" and span.text[0].isalpha() else ""
        written += blank + span.text
        before = span.language
    return written


EMBEDDED = "\ue000"
"""Stands for a stretch of English while the language around it is normalised."""
