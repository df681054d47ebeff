"""Evaluator of a trained version: similarity, and recognition errors."""

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

from mynah.api import Synthesizer
from mynah.audio.recording import Recording
from mynah.audio.spectrogram import SAMPLE_RATE
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
"""Number of sentences that are spoken: half a minute."""
_UNIT = re.compile(r"[一-鿿]|[^\W_一-鿿]+(?:'[^\W_一-鿿]+)*")


class ScoringRecogniser(Protocol):
    """Recogniser that scores the intelligibility of sentences."""

    @property
    def unit(self) -> Unit:
        """The unit that it counts: `phoneme` or `word`, where a word of Mandarin is a character."""

    def reference(self, text: str, language: str) -> Sequence[object]:
        """The units of a text."""

    def recognise(self, samples: NDArray[np.float32], language: str) -> Sequence[object]:
        """The units recognised in a 16 kHz waveform (S,)."""


class PhonemeScorer:
    """Phoneme recogniser: the likeliest class of each frame, repetitions and blanks left out."""

    unit: Unit = "phoneme"

    def __init__(self, scores: PhonemeScores) -> None:
        self._scores = scores

    def reference(self, text: str, language: str) -> Sequence[object]:
        """Ids of the audible phonemes of a text."""
        return [label for line in lines(text, language) for label in line.labels]

    def recognise(self, samples: NDArray[np.float32], language: str) -> Sequence[object]:
        """Ids of the phonemes recognised in a 16 kHz waveform (S,)."""
        scores = self._scores(torch.from_numpy(samples)[None])[0]
        blank = scores.shape[1] - 1
        return [label for label, _ in groupby(scores.argmax(dim=1).tolist()) if label != blank]


class WordScorer:
    """Word recogniser."""

    unit: Unit = "word"

    def __init__(self, recogniser: Recogniser) -> None:
        self._recogniser = recogniser

    def reference(self, text: str, language: str) -> Sequence[object]:
        """Words of a text, and characters of Mandarin, without marks and capitals."""
        return _UNIT.findall(text.lower().replace("’", "'"))

    def recognise(self, samples: NDArray[np.float32], language: str) -> Sequence[object]:
        """Words recognised in a 16 kHz waveform (S,)."""
        return self.reference(self._recogniser(samples, language), language)


def scoring_recogniser(models: Models) -> ScoringRecogniser | None:
    """An installed speech recogniser, or else the model's phoneme recogniser; None without either.

    Raises:
        CheckpointError: the starter's content encoder cannot be read.
    """
    recogniser = installed_recogniser()
    if recogniser:
        return WordScorer(recogniser)
    return PhonemeScorer(models.aligner) if models.aligner else None


def mistakes(
    recogniser: ScoringRecogniser, text: str, language: str, spoken: Recording
) -> tuple[int, int]:
    """The number of recognition errors in a sentence, and of its units."""
    wanted = recogniser.reference(text, language)
    recognised = recogniser.recognise(spoken.at(CONTENT_RATE).samples, language)
    return edit_distance(wanted, recognised), len(wanted)


def sentences(language: str) -> Iterator[tuple[str, str]]:
    """Sentences to speak, each with its language: of both languages where both may be spoken."""
    languages = language_code(language).expected
    for each in languages:
        for text in reading_script(each).sentences[: SENTENCES // len(languages)]:
            yield text, each


def edit_distance(reference: Sequence[object], hypothesis: Sequence[object]) -> int:
    """Levenshtein distance: insertions, deletions and substitutions at one each."""
    row = list(range(len(hypothesis) + 1))
    for i, wanted in enumerate(reference, 1):
        diagonal, row[0] = row[0], i
        for j, actual in enumerate(hypothesis, 1):
            replaced = diagonal + (wanted != actual)
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, replaced)
    return row[-1]


SEEDS = (0, 1)
"""Each sentence is spoken once with each, since word errors depend on the sampling."""


def spoken_sentences(language: str) -> int:
    """Number of sentences that both voices of a comparison speak."""
    return 2 * len(SEEDS) * sum(1 for _ in sentences(language))


@dataclass(frozen=True, slots=True)
class SentenceScore:
    """Scores of one spoken sentence.

    Attributes:
        similarity: likeness of its spectra to the speaker's; see `Likeness`.
        timbre: cosine to the speaker's timbre, as the base model reads it.
        errors: recognition errors.
        units: of the text; 0 without a recogniser.
    """

    similarity: float
    timbre: float
    errors: int
    units: int


@dataclass(frozen=True, slots=True, eq=False)
class Evaluator:
    """Scorer of voices on the sentences of a reading script.

    Attributes:
        language: of the reading script.
        judge: reads timbres; the base model's, which no training changes.
        likeness: to the speaker.
        held_out: recordings of the speaker that were not trained on.
        recogniser: None if there is none.
        tick: called before each sentence.
    """

    language: str
    judge: Models
    likeness: Likeness
    held_out: Sequence[Slice]
    recogniser: ScoringRecogniser | None
    tick: Callable[[], None]

    def scores(self, models: Models, voice: Voice) -> list[SentenceScore]:
        """Scores of every sentence with every seed, always in the same order."""
        real = [Recording(each.samples, SAMPLE_RATE) for each in self.held_out]
        timbre = torch.stack([self._timbre(each) for each in real]).mean(dim=0)
        return [
            self._score(text, language, spoken, timbre)
            for text, language, spoken in self._spoken(models, voice)
        ]

    def _score(self, text: str, language: str, spoken: Recording, timbre: Tensor) -> SentenceScore:
        cosine = F.cosine_similarity(self._timbre(spoken), timbre, dim=0).item()
        errors, units = (
            mistakes(self.recogniser, text, language, spoken) if self.recogniser else (0, 0)
        )
        return SentenceScore(self.likeness(spoken), cosine, errors, units)

    def _spoken(self, models: Models, voice: Voice) -> Iterator[tuple[str, str, Recording]]:
        """Each sentence with its language, and its audio."""
        synthesizer = Synthesizer(models)
        for seed in SEEDS:
            for text, language in sentences(self.language):
                self.tick()
                options = SpeechOptions(language=language, seed=seed)
                spoken = synthesizer.speak(text, voice, options)
                yield text, language, Recording(spoken.samples, spoken.sample_rate)

    def _timbre(self, spoken: Recording) -> Tensor:
        return self.judge.timbre(spoken).flatten()


@dataclass(frozen=True, slots=True)
class PairedScores:
    """Scores of the same sentences by the voice without the training, and by the new version."""

    before: Sequence[SentenceScore]
    after: Sequence[SentenceScore]

    def evaluation(self, unit: Unit | None, doubts: Sequence[str] = ()) -> Evaluation:
        """The evaluation for the promotion gate; `unit` is None without a recogniser."""
        similarity = self._mean(lambda score: score.similarity)
        error_rate = self._error_rate() if unit else None
        return Evaluation(similarity, error_rate, unit or "phoneme", tuple(doubts))

    def timbre(self) -> dict[str, float]:
        """Metrics of the timbre, for information: further recordings do not change them."""
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
