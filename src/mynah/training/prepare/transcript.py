"""The words of recordings, checked against the recordings."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from mynah.encoders.ctc_aligner import PhonemeScores
from mynah.errors import RecordingError
from mynah.training.prepare.alignment import TextLine, find, frame_scores, lines
from mynah.training.prepare.segmentation import (
    SegmentedRecording,
    fits_whole,
    segment_whole,
    segment_with_words,
    segment_without_words,
)
from mynah.training.prepare.sound import Sound

SHOWN = 30
"""Characters of a sentence that an error quotes."""


@dataclass(slots=True)
class Transcript:
    """Segmentation of recordings by their words, with a count of the words that do not match.

    Attributes:
        language: of the words.
        scores: phoneme recogniser; without it words cannot be aligned.
        sentences: number of sentences aligned.
        missing: those that do not match, in order.
        unchecked: number of recordings whose words were not checked, for lack of `scores`.
    """

    language: str
    scores: PhonemeScores | None
    sentences: int = 0
    missing: list[str] = field(default_factory=list)
    unchecked: int = 0
    _phonemes: int = 0
    _missing_phonemes: int = 0

    def segment(self, sound: Sound, text: str | None) -> SegmentedRecording:
        """Segment a recording.

        Raises:
            TextError, LanguageError: its words cannot be pronounced.
        """
        if text is None:
            return segment_without_words(sound)
        if self.scores is not None:
            return self._segment_by_lines(sound, lines(text, self.language), self.scores)
        self.unchecked += 1
        return segment_whole(sound, text) if fits_whole(sound) else segment_without_words(sound)

    def check(self) -> None:
        """Refuse words that were mostly not said.

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

    def _segment_by_lines(
        self, sound: Sound, words: Sequence[TextLine], scores: PhonemeScores
    ) -> SegmentedRecording:
        aligned = find(words, sound, frame_scores(sound, scores))
        found = [each.matches for each in aligned] if aligned else [False] * len(words)
        for line, matches in zip(words, found, strict=True):
            self._count(line, matches)
        return segment_with_words(sound, aligned or [])

    def _count(self, line: TextLine, matches: bool) -> None:
        self.sentences += 1
        self._phonemes += len(line.labels)
        if not matches:
            self.missing.append(line.text)
            self._missing_phonemes += len(line.labels)
