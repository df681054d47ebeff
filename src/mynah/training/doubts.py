"""Checks of the training data: reasons not to trust a version that was trained on it.

A version becomes like its training data. If that is noise, two people at once, or speech with
other words than its text has, likeness to it means nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from mynah.audio.recording import Recording
from mynah.audio.spectrogram import SAMPLE_RATE
from mynah.encoders.ctc_aligner import PhonemeScores
from mynah.training.evaluator import PhonemeScorer, mistakes
from mynah.training.prepare.segmentation import MISMATCH
from mynah.training.prepare.slices import Prepared, Slice

LEAST_WORDED = 0.5
"""Smallest share of the slices with known words."""
MOST_MISMATCHED = 0.15
"""Largest share of the seconds whose text may not be what is said. Of right words none was, and 26
and 33 % where nearly half of the recordings had the words of others."""
MOST_MISHEARD = 0.65
"""Largest phoneme error rate of the recordings themselves. With the right words of five speakers it
was 4 to 32 %, in noise 10 dB below 58 %; 71 to 91 % for one of two people who speak at once, and
93 % and more with words that were not said."""
CHECKED = 12
"""Most slices that are recognised."""


def doubts(prepared: Prepared, scores: PhonemeScores | None, language: str) -> list[str]:
    """Doubts about prepared recordings, a sentence each; without scores words are not checked."""
    slices = [*prepared.held_out, *prepared.slices]
    found = list(_of_report(prepared.data_report))
    worded = [each for each in slices if each.text]
    if len(worded) < LEAST_WORDED * len(slices):
        found.append(
            "The words of most of its recordings are not known, so nothing shows that one "
            "person's clear speech is in them."
        )
    elif scores is not None:
        found += _of_words(worded, PhonemeScorer(scores), language)
    return found


def _of_report(report: Mapping[str, Any]) -> Iterator[str]:
    given, mismatched = report["seconds_given"], report["seconds_dropped"].get(MISMATCH, 0.0)
    if mismatched > MOST_MISMATCHED * given:
        yield f"Of {given:.0f} s of its recordings {mismatched:.0f} s do not say their text."
    if report["speakers_differ"] != "no":
        yield "Its recordings may be of more than one person."


def _of_words(slices: Sequence[Slice], recogniser: PhonemeScorer, language: str) -> Iterator[str]:
    every = -(-len(slices) // CHECKED)
    counts = [
        mistakes(recogniser, each.text or "", language, Recording(each.samples, SAMPLE_RATE))
        for each in islice(slices, 0, None, every)
    ]
    misheard = sum(wrong for wrong, _ in counts) / max(1, sum(units for _, units in counts))
    if misheard > MOST_MISHEARD:
        yield (
            f"Its recordings hardly say their words: {misheard:.0%} of the phonemes are not heard "
            "in them."
        )
