"""How much of what a voice says is understood: fixed sentences, and who hears them.

By a recogniser where one is installed, and else by the CTC head that finds words in recordings. It
names phonemes and knows no words, so its rates are higher; both tell versions of one model apart,
and are not to be compared with each other.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from mynah.audio.recording import Recording
from mynah.encoders.ctc_aligner import PhonemeScores
from mynah.engine.loading import load_aligner
from mynah.engine.models import Models
from mynah.text.reading_scripts import reading_script
from mynah.training.evaluation import Unit
from mynah.training.preparation.recogniser import Recogniser, installed_recogniser
from mynah.training.preparation.words import lines
from mynah.voice.tokens import CONTENT_RATE

SENTENCES = 8
"""That are spoken: half a minute."""

_SCRIPTS = {"zh": ("zh",), "all_zh": ("zh",), "en": ("en",), "auto": ("zh", "en")}
_UNIT = re.compile(r"[一-鿿]|[^\W_一-鿿]+(?:'[^\W_一-鿿]+)*")


class Ear(Protocol):
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


class PhonemeEar:
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


class WordEar:
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


def best_ear(models: Models) -> Ear | None:
    """An installed recogniser, or else what finds words in recordings; None without either.

    Raises:
        CheckpointError: the starter's content encoder cannot be read.
    """
    recogniser = installed_recogniser()
    if recogniser:
        return WordEar(recogniser)
    scores = load_aligner(models.content) if models.content else None
    return PhonemeEar(scores) if scores else None


def mistakes(ear: Ear, text: str, language: str, said: Recording) -> tuple[int, int]:
    """Units of a sentence that were misheard or added, and units that it has."""
    wanted = ear.wanted(text, language)
    heard = ear.heard(said.at(CONTENT_RATE).samples, language)
    return edit_distance(wanted, heard), len(wanted)


def sentences(language: str) -> Iterator[tuple[str, str]]:
    """What is spoken, each with its language: of both where both may be spoken."""
    languages = _SCRIPTS[language]
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
