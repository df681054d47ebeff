"""Evaluation of a voice by fixed sentences: its likeness to its speaker, and what is misheard."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from mynah.acoustic.sovits import SoVITS
from mynah.audio.recording import Recording
from mynah.engine.models import Models
from mynah.engine.synthesizer import Synthesizer
from mynah.options import SpeechOptions
from mynah.training.evaluation import Evaluation, Measure
from mynah.training.intelligibility import Ear, mistakes, sentences
from mynah.training.preparation.slices import Slice
from mynah.voice.spectrogram import SAMPLE_RATE, linear_spectrogram
from mynah.voice.voice import Voice

SEEDS = (0, 1)
"""Each sentence is spoken once with each, since which words are lost depends on the sampling."""


@dataclass(frozen=True, slots=True)
class SentenceScore:
    """Scores of one sentence as it was spoken once.

    Attributes:
        similarity: cosine to the speaker's timbre.
        errors: units that were misheard or added.
        units: of the text; 0 if nothing recognised them.
    """

    similarity: float
    errors: int
    units: int


@dataclass(frozen=True, slots=True, eq=False)
class Evaluator:
    """Judges of how voices say the sentences of a reading script.

    Attributes:
        language: of the reading script.
        judge: reads timbres; those of the base model, which no training changes. They tell
            versions of one model apart, and cannot be compared with those of another.
        held_out: recordings of the speaker that nothing was learnt from.
        ear: recognises words, if anything does.
        tick: called before each sentence.
    """

    language: str
    judge: SoVITS
    held_out: Sequence[Slice]
    ear: Ear | None
    tick: Callable[[], None]

    def compare(
        self, before: tuple[Models, Voice], after: tuple[Models, Voice], doubts: Sequence[str] = ()
    ) -> Evaluation:
        """Evaluate a version beside the voice before its training.

        Args:
            before: models and voice that spoke until now.
            after: models and voice of the version.
            doubts: of the recordings; see `Evaluation`.
        """
        scores = self.scores(*before), self.scores(*after)
        error_rate = _error_rate(*scores) if self.ear else None
        unit = self.ear.unit if self.ear else "phoneme"
        return Evaluation(_similarity(*scores), error_rate, unit, tuple(doubts))

    def scores(self, models: Models, voice: Voice) -> list[SentenceScore]:
        """Scores of every sentence with every seed, always in the same order."""
        real = [Recording(each.samples, SAMPLE_RATE) for each in self.held_out]
        timbre = torch.stack([self._timbre(each) for each in real]).mean(dim=0)
        return [
            self._score(text, language, said, timbre)
            for text, language, said in self._said(models, voice)
        ]

    def _score(self, text: str, language: str, said: Recording, timbre: Tensor) -> SentenceScore:
        similarity = F.cosine_similarity(self._timbre(said), timbre, dim=0).item()
        errors, units = mistakes(self.ear, text, language, said) if self.ear else (0, 0)
        return SentenceScore(similarity, errors, units)

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
        return self.judge.timbre([linear_spectrogram(samples)]).vector.flatten()


def _similarity(before: Sequence[SentenceScore], after: Sequence[SentenceScore]) -> Measure:
    one, other = ([score.similarity for score in scores] for scores in (before, after))
    rises = np.subtract(other, one)
    return Measure(float(np.mean(one)), float(np.mean(other)), _standard_error(rises))


def _error_rate(before: Sequence[SentenceScore], after: Sequence[SentenceScore]) -> Measure:
    units = sum(score.units for score in before)
    one, other = (np.array([score.errors for score in scores]) for scores in (before, after))
    rises = (other - one) * len(before) / units
    return Measure(float(one.sum() / units), float(other.sum() / units), _standard_error(rises))


def _standard_error(rises: NDArray[np.floating]) -> float:
    """Standard error of the mean of paired differences; infinite if there is but one."""
    if len(rises) < 2:
        return math.inf
    return float(np.std(rises, ddof=1) / math.sqrt(len(rises)))
