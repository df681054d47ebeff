"""Evaluator of a trained version: similarity, and what recognisers mishear."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from mynah.acoustic.sovits.model import SoVITS
from mynah.api import Synthesizer
from mynah.audio.recording import Recording
from mynah.audio.spectrogram import SAMPLE_RATE, linear_spectrogram
from mynah.encoders.ctc_aligner import PhonemeScores
from mynah.engine.models import Models
from mynah.options import SpeechOptions
from mynah.text.languages.registry import language_code
from mynah.text.reading_scripts import reading_script
from mynah.training.evaluation import Evaluation, Measure, Unit, figures
from mynah.training.likeness import Likeness
from mynah.training.prepare.alignment import lines
from mynah.training.prepare.recogniser import Recogniser, installed_recogniser
from mynah.training.prepare.slices import Slice
from mynah.voice.tokens import CONTENT_RATE
from mynah.voice.voice import Voice

SENTENCES = 8
"""That are spoken: half a minute."""
_UNIT = re.compile(r"[一-鿿]|[^\W_一-鿿]+(?:'[^\W_一-鿿]+)*")


class ScoringRecogniser(Protocol):
    """What hears whether a sentence was said."""

    @property
    def unit(self) -> Unit:
        """What it counts: `phoneme` or `word`, where a word of Mandarin is a character."""
        ...

    def wanted(self, text: str, language: str) -> Sequence[object]:
        """The units of a text."""
        ...

    def heard(self, samples: NDArray[np.float32], language: str) -> Sequence[object]:
        """The units of a 16 kHz waveform (S,)."""
        ...


class PhonemeScorer:
    """Hears phonemes: the likeliest class of each frame, repetitions and blanks left out."""

    unit: Unit = "phoneme"

    def __init__(self, scores: PhonemeScores) -> None:
        self._scores = scores

    def wanted(self, text: str, language: str) -> Sequence[object]:
        """Ids of the phonemes of a text that can be heard."""
        return [label for line in lines(text, language) for label in line.labels]

    def heard(self, samples: NDArray[np.float32], language: str) -> Sequence[object]:
        """Ids of the phonemes of a 16 kHz waveform (S,)."""
        scores = self._scores(torch.from_numpy(samples)[None])[0]
        blank = scores.shape[1] - 1
        return [label for label, _ in groupby(scores.argmax(dim=1).tolist()) if label != blank]


class WordScorer:
    """Hears words."""

    unit: Unit = "word"

    def __init__(self, recogniser: Recogniser) -> None:
        self._recogniser = recogniser

    def wanted(self, text: str, language: str) -> Sequence[object]:
        """Words of a text, and characters of Mandarin, without marks and capitals."""
        return _UNIT.findall(text.lower().replace("’", "'"))

    def heard(self, samples: NDArray[np.float32], language: str) -> Sequence[object]:
        """Words of a 16 kHz waveform (S,)."""
        return self.wanted(self._recogniser(samples, language), language)


def scoring_recogniser(models: Models) -> ScoringRecogniser | None:
    """An installed recogniser, or else what finds words in recordings; None without either.

    Raises:
        CheckpointError: the starter's content encoder cannot be read.
    """
    recogniser = installed_recogniser()
    if recogniser:
        return WordScorer(recogniser)
    return PhonemeScorer(models.aligner) if models.aligner else None


def mistakes(ear: ScoringRecogniser, text: str, language: str, said: Recording) -> tuple[int, int]:
    """Units of a sentence that were misheard or added, and units that it has."""
    wanted = ear.wanted(text, language)
    heard = ear.heard(said.at(CONTENT_RATE).samples, language)
    return edit_distance(wanted, heard), len(wanted)


def sentences(language: str) -> Iterator[tuple[str, str]]:
    """What is spoken, each with its language: of both where both may be spoken."""
    languages = language_code(language).expected
    for each in languages:
        for text in reading_script(each).sentences[: SENTENCES // len(languages)]:
            yield text, each


def edit_distance(reference: Sequence[object], hypothesis: Sequence[object]) -> int:
    """Levenshtein distance: insertions, deletions and substitutions at one each."""
    row = list(range(len(hypothesis) + 1))
    for i, wanted in enumerate(reference, 1):
        diagonal, row[0] = row[0], i
        for j, heard in enumerate(hypothesis, 1):
            replaced = diagonal + (wanted != heard)
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, replaced)
    return row[-1]


SEEDS = (0, 1)
"""Each sentence is spoken once with each, since which words are lost depends on the sampling."""


@dataclass(frozen=True, slots=True)
class SentenceScore:
    """Scores of one sentence as it was spoken once.

    Attributes:
        similarity: likeness of its spectra to the speaker's; see `Likeness`.
        timbre: cosine to the speaker's timbre, as the base model reads it.
        errors: units that were misheard or added.
        units: of the text; 0 if nothing recognised them.
    """

    similarity: float
    timbre: float
    errors: int
    units: int


@dataclass(frozen=True, slots=True, eq=False)
class Evaluator:
    """Judges of how voices say the sentences of a reading script.

    Attributes:
        language: of the reading script.
        judge: reads timbres; the base model's, which no training changes.
        likeness: to the speaker.
        held_out: recordings of the speaker that nothing was learnt from.
        ear: recognises words, if anything does.
        tick: called before each sentence.
    """

    language: str
    judge: SoVITS
    likeness: Likeness
    held_out: Sequence[Slice]
    ear: ScoringRecogniser | None
    tick: Callable[[], None]

    def scores(self, models: Models, voice: Voice) -> list[SentenceScore]:
        """Scores of every sentence with every seed, always in the same order."""
        real = [Recording(each.samples, SAMPLE_RATE) for each in self.held_out]
        timbre = torch.stack([self._timbre(each) for each in real]).mean(dim=0)
        return [
            self._score(text, language, said, timbre)
            for text, language, said in self._said(models, voice)
        ]

    def _score(self, text: str, language: str, said: Recording, timbre: Tensor) -> SentenceScore:
        cosine = F.cosine_similarity(self._timbre(said), timbre, dim=0).item()
        errors, units = mistakes(self.ear, text, language, said) if self.ear else (0, 0)
        return SentenceScore(self.likeness(said), cosine, errors, units)

    def _said(self, models: Models, voice: Voice) -> Iterator[tuple[str, str, Recording]]:
        """Each sentence with its language, and its sound."""
        synthesizer = Synthesizer(models)
        for seed in SEEDS:
            for text, language in sentences(self.language):
                self.tick()
                options = SpeechOptions(language=language, seed=seed)
                spoken = synthesizer.speak(text, voice, options)
                yield text, language, Recording(spoken.samples, spoken.sample_rate)

    @torch.inference_mode()
    def _timbre(self, said: Recording) -> Tensor:
        samples = torch.from_numpy(said.at(SAMPLE_RATE).samples)[None]
        return self.judge.timbre([linear_spectrogram(samples)]).flatten()


@dataclass(frozen=True, slots=True)
class PairedScores:
    """Scores of the same sentences before and after a training.

    Attributes:
        before: of the voice without the training.
        after: of the new version.
    """

    before: Sequence[SentenceScore]
    after: Sequence[SentenceScore]

    def evaluation(self, unit: Unit | None, doubts: Sequence[str] = ()) -> Evaluation:
        """The value that the promotion gate judges.

        Args:
            unit: that errors were counted in; None if nothing recognised words.
            doubts: of the recordings; see `Evaluation`.
        """
        similarity = self._mean(lambda score: score.similarity)
        error_rate = self._error_rate() if unit else None
        return Evaluation(similarity, error_rate, unit or "phoneme", tuple(doubts))

    def timbre(self) -> dict[str, float]:
        """Metrics of the timbre, which decide nothing: it does not tell what recordings add."""
        return figures({"timbre_similarity": self._mean(lambda score: score.timbre)})

    def _mean(self, part: Callable[[SentenceScore], float]) -> Measure:
        one, other = (np.array(list(map(part, scores))) for scores in (self.before, self.after))
        return Measure(float(one.mean()), float(other.mean()), _standard_error(other - one))

    def _error_rate(self) -> Measure:
        units = np.mean([score.units for score in self.before])
        return self._mean(lambda score: float(score.errors / units))


def _standard_error(rises: NDArray[np.floating]) -> float:
    """Standard error of the mean of paired differences; infinite if there is but one."""
    if len(rises) < 2:
        return math.inf
    return float(np.std(rises, ddof=1) / math.sqrt(len(rises)))
