"""The words of recordings, checked against what is heard in them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from mynah.encoders.ctc_aligner import PhonemeScores
from mynah.errors import RecordingError
from mynah.training.prepare.alignment import TextLine, find, hear, lines
from mynah.training.prepare.segmentation import (
    SegmentedRecording,
    fits_whole,
    take_whole,
    take_with_words,
    take_without_words,
)
from mynah.training.prepare.sound import Sound

SHOWN = 30
"""Characters of a sentence that an error quotes."""


@dataclass(slots=True)
class Transcript:
    """Cuts recordings by their words, and remembers what did not fit.

    Attributes:
        language: of the words.
        scores: what names phonemes; without it words cannot be found.
        sentences: how many were looked for.
        missing: those that were not found, in their order.
        unchecked: recordings whose words were believed or left aside, because nothing names
            phonemes.
    """

    language: str
    scores: PhonemeScores | None
    sentences: int = 0
    missing: list[str] = field(default_factory=list)
    unchecked: int = 0
    _phonemes: int = 0
    _missing_phonemes: int = 0

    def take(self, sound: Sound, text: str | None) -> SegmentedRecording:
        """Cuts a recording.

        Raises:
            TextError, LanguageError: its words cannot be pronounced.
        """
        if text is None:
            return take_without_words(sound)
        if self.scores is not None:
            return self._take_by_lines(sound, lines(text, self.language), self.scores)
        self.unchecked += 1
        return take_whole(sound, text) if fits_whole(sound) else take_without_words(sound)

    def check(self) -> None:
        """Refuses words that were mostly not said.

        Raises:
            RecordingError: naming one.
        """
        if 2 * self._missing_phonemes > self._phonemes:
            first = self.missing[0]
            quoted = first if len(first) <= SHOWN else first[:SHOWN] + "…"
            raise RecordingError(
                f"The recordings do not say most of their text ({len(self.missing)} of "
                f"{self.sentences} sentences were not heard, such as {quoted!r}); send the words "
                "that are spoken, each recording with its own, in the language that is named, or "
                "no words at all."
            )

    def _take_by_lines(
        self, sound: Sound, words: Sequence[TextLine], scores: PhonemeScores
    ) -> SegmentedRecording:
        heard = find(words, sound, hear(sound, scores))
        found = [each.matches for each in heard] if heard else [False] * len(words)
        for line, matches in zip(words, found, strict=True):
            self._count(line, matches)
        return take_with_words(sound, heard or [])

    def _count(self, line: TextLine, matches: bool) -> None:
        self.sentences += 1
        self._phonemes += len(line.labels)
        if not matches:
            self.missing.append(line.text)
            self._missing_phonemes += len(line.labels)
