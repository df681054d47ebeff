"""The judges together: one row of figures for one set of utterances."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from statistics import fmean
from typing import Self

from benchmarks.quality import sources
from benchmarks.quality.dnsmos import Dnsmos
from benchmarks.quality.moonshine import Moonshine
from benchmarks.quality.recogniser import Array, Recogniser
from benchmarks.quality.row import Errors, Row
from benchmarks.quality.speaker import SpeakerEncoder
from benchmarks.quality.voices import Utterance
from benchmarks.quality.vosk import Vosk
from benchmarks.quality.whisper import Whisper


class Judges:
    """Recognisers, speaker encoder and opinion predictor.

    Args:
        independent: For each language the recogniser whose errors count.
        teacher: Whisper, which taught the starter.
        speaker: Tells people apart.
        dnsmos: Hears noise and artefacts.
    """

    def __init__(
        self,
        independent: Mapping[str, Recogniser],
        teacher: Recogniser,
        speaker: SpeakerEncoder,
        dnsmos: Dnsmos,
    ) -> None:
        self._independent = independent
        self._teacher = teacher
        self._speaker = speaker
        self._dnsmos = dnsmos

    @classmethod
    def fetch(cls, cache: Path, threads: int) -> Self:
        """Judge whose weights lie below `cache`; fetches those that are missing."""
        vosk = sources.unpacked(sources.VOSK, sources.VOSK_FILES, cache)
        moonshine = sources.unpacked(sources.MOONSHINE, sources.MOONSHINE_FILES, cache)
        whisper = sources.unpacked(sources.WHISPER, sources.WHISPER_FILES, cache)
        (encoder,) = sources.members(sources.SPEAKER_ENCODER, ["speaker_verification.onnx"], cache)
        (dnsmos,) = sources.members(sources.DNSMOS, ["sig_bak_ovr.onnx"], cache)
        return cls(
            {"zh": Vosk(vosk), "en": Moonshine(moonshine, threads)},
            Whisper(whisper, threads),
            SpeakerEncoder(encoder, threads),
            Dnsmos(dnsmos, threads),
        )

    def timbre(self, utterance: Utterance) -> Array:
        """The speaker as a unit vector."""
        return self._speaker.embed(utterance.samples, utterance.sample_rate)

    def row(
        self,
        label: str,
        pairs: Iterable[tuple[Utterance, Array | None]],
        people: Sequence[Array] = (),
    ) -> Row:
        """Judge utterances of one language, each with the timbre it should have.

        Args:
            label: Who speaks.
            pairs: Utterances and the timbres of their references, at least one pair.
            people: Timbres of references; utterances are compared with those that are not theirs.
        """
        heard, heard_by_teacher, opinions, language = [], [], [], ""
        similarities: list[float] = []
        to_others: list[float] = []
        for utterance, wanted in pairs:
            language = utterance.language
            heard.append((utterance.text, _heard(self._independent[language], utterance)))
            heard_by_teacher.append((utterance.text, _heard(self._teacher, utterance)))
            if wanted is not None:
                timbre = self.timbre(utterance)
                similarities.append(float(wanted @ timbre))
                to_others += [float(other @ timbre) for other in people if other is not wanted]
            opinions.append(self._dnsmos.rate(utterance.samples, utterance.sample_rate).overall)
            line = (utterance.text, heard[-1][1], heard_by_teacher[-1][1])
            print(f"{label} [{language}] {' | '.join(line)}", file=sys.stderr)
        return Row(
            label=label,
            language=language,
            clips=len(heard),
            errors=Errors.count(heard, language),
            teacher_errors=Errors.count(heard_by_teacher, language),
            similarity=fmean(similarities) if similarities else None,
            dnsmos=fmean(opinions),
            similarity_to_others=fmean(to_others) if to_others else None,
        )


def _heard(recogniser: Recogniser, utterance: Utterance) -> str:
    return recogniser.transcribe(utterance.samples, utterance.sample_rate, utterance.language)


def different_speakers(timbres: Iterable[Array]) -> float:
    """Mean cosine between all pairs of people: what similarity is worth nothing."""
    return fmean(float(one @ other) for one, other in combinations(timbres, 2))
