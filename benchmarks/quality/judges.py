"""The three judges together: one row of figures for one set of utterances."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from statistics import fmean
from typing import Self

from benchmarks.quality.dnsmos import Dnsmos
from benchmarks.quality.recogniser import Array, Recogniser
from benchmarks.quality.score import error_rate, syllable_error_rate
from benchmarks.quality.sources import DNSMOS, SPEAKER_ENCODER, WHISPER, WHISPER_FILES, members
from benchmarks.quality.speaker import SpeakerEncoder
from benchmarks.quality.voices import Utterance


@dataclass(frozen=True)
class Row:
    """Figures of a set of utterances in one language.

    Attributes:
        label: Who speaks.
        language: What is spoken.
        clips: How many utterances.
        error_rate: Of characters (`zh`) or words.
        syllable_error_rate: Of Mandarin syllables; None for other languages.
        similarity: Mean cosine to the references; None where there is no reference.
        dnsmos: Mean predicted opinion, overall.
    """

    label: str
    language: str
    clips: int
    error_rate: float
    syllable_error_rate: float | None
    similarity: float | None
    dnsmos: float


class Judges:
    """Recogniser, speaker encoder and opinion predictor."""

    def __init__(self, recogniser: Recogniser, speaker: SpeakerEncoder, dnsmos: Dnsmos) -> None:
        self._recogniser = recogniser
        self._speaker = speaker
        self._dnsmos = dnsmos

    @classmethod
    def fetch(cls, cache: Path, threads: int) -> Self:
        """Judges whose weights lie below `cache`; fetches those that are missing."""
        whisper = members(WHISPER, WHISPER_FILES, cache)[0].parent
        (encoder,) = members(SPEAKER_ENCODER, ["speaker_verification.onnx"], cache)
        (dnsmos,) = members(DNSMOS, ["sig_bak_ovr.onnx"], cache)
        return cls(
            Recogniser(whisper, threads),
            SpeakerEncoder(encoder, threads),
            Dnsmos(dnsmos, threads),
        )

    def timbre(self, utterance: Utterance) -> Array:
        """The speaker as a unit vector."""
        return self._speaker.embed(utterance.samples, utterance.sample_rate)

    def row(self, label: str, pairs: Iterable[tuple[Utterance, Array | None]]) -> Row:
        """Judges utterances of one language, each with the timbre it should have.

        Args:
            label: Who speaks.
            pairs: Utterances and the timbres of their references, at least one pair.
        """
        texts, similarities, opinions, language = [], [], [], ""
        for utterance, wanted in pairs:
            language = utterance.language
            texts.append((utterance.text, self._heard(utterance)))
            if wanted is not None:
                similarities.append(float(wanted @ self.timbre(utterance)))
            opinions.append(self._dnsmos.rate(utterance.samples, utterance.sample_rate).overall)
            print(f"{label} [{language}] {texts[-1][0]} | {texts[-1][1]}", file=sys.stderr)
        return Row(
            label=label,
            language=language,
            clips=len(texts),
            error_rate=error_rate(texts, language),
            syllable_error_rate=syllable_error_rate(texts) if language == "zh" else None,
            similarity=fmean(similarities) if similarities else None,
            dnsmos=fmean(opinions),
        )

    def _heard(self, utterance: Utterance) -> str:
        return self._recogniser.transcribe(
            utterance.samples, utterance.sample_rate, utterance.language
        )


def different_speakers(timbres: Iterable[Array]) -> float:
    """Mean cosine between all pairs of people: what similarity is worth nothing."""
    return fmean(float(one @ other) for one, other in combinations(timbres, 2))
