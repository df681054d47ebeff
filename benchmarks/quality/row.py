"""Figures of one set of utterances."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from benchmarks.quality.score import error_rate, syllable_error_rate


@dataclass(frozen=True)
class Errors:
    """Errors of one recogniser.

    Attributes:
        rate: Of characters (`zh`) or words.
        syllable_rate: Of Mandarin syllables; None for other languages.
    """

    rate: float
    syllable_rate: float | None

    @classmethod
    def count(cls, texts: Sequence[tuple[str, str]], language: str) -> Self:
        """Errors in (reference, heard) texts, at least one pair."""
        return cls(
            rate=error_rate(texts, language),
            syllable_rate=syllable_error_rate(texts) if language == "zh" else None,
        )


@dataclass(frozen=True)
class Row:
    """Figures of a set of utterances in one language.

    Attributes:
        label: Who speaks.
        language: What is spoken.
        clips: How many utterances.
        errors: Of the language's independent recogniser; these count.
        teacher_errors: Of Whisper, which taught the starter.
        similarity: Mean cosine to the references; None where there is no reference.
        dnsmos: Mean predicted opinion, overall.
        similarity_to_others: Mean cosine to references of other people, if there are any.
    """

    label: str
    language: str
    clips: int
    errors: Errors
    teacher_errors: Errors
    similarity: float | None
    dnsmos: float
    similarity_to_others: float | None = None
