"""Times of the words of a sentence in its speech."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from mynah.audio.recording import Recording
from mynah.encoders.ctc_aligner import HOP, SAMPLE_RATE, PhonemeScores
from mynah.encoders.forced_alignment import align_labels
from mynah.engine.request import WordTime
from mynah.errors import UnsupportedError
from mynah.text.sentence import Sentence
from mynah.text.symbols import INAUDIBLE, SymbolTable

WINDOW = 10 * SAMPLE_RATE
"""Samples that are scored at once; the aligner was trained on sentences, not on minutes."""


def word_times(
    aligner: PhonemeScores | None, speech: Recording, sentence: Sentence
) -> list[WordTime]:
    """Align the words of a sentence, marks too, with its speech.

    A word ends where the next one begins, unless a mark is between them. Speech that is too short
    for its phonemes, such as a sentence that was broken off, is shared out by their number.

    Returns:
        As many as `sentence.spans`, in order and without overlap.

    Raises:
        UnsupportedError: there is no aligner.
    """
    if aligner is None:
        raise UnsupportedError("This model has no aligner, so nobody knows when a word is said.")
    audible = [phone not in INAUDIBLE for phone in sentence.phones]
    labels = SymbolTable.of("v2").encode(
        [phone for phone, heard in zip(sentence.phones, audible, strict=True) if heard]
    )
    aligned = align_labels(_scores(aligner, speech), [labels]) if labels else None
    if aligned is None:
        return _shared_out(sentence, speech.seconds)
    seconds = np.array(aligned[0]) * (HOP / SAMPLE_RATE)
    return _of_words(sentence, np.array(audible), seconds, speech.seconds)


def _scores(aligner: PhonemeScores, speech: Recording) -> NDArray[np.float32]:
    samples = speech.at(SAMPLE_RATE).samples
    samples = np.pad(samples, (0, -len(samples) % HOP))
    windows = (samples[at : at + WINDOW] for at in range(0, len(samples), WINDOW))
    return np.concatenate([aligner(torch.from_numpy(each)[None])[0].numpy() for each in windows])


def _shared_out(sentence: Sentence, seconds: float) -> list[WordTime]:
    each = seconds / len(sentence.phones)
    return [WordTime(span.start * each, span.end * each) for span in sentence.spans]


def _of_words(
    sentence: Sentence, audible: NDArray[np.bool_], phones: NDArray[np.float64], total: float
) -> list[WordTime]:
    """Times of words by those (audible phonemes, 2) of their phonemes."""
    before = np.concatenate([[0], np.cumsum(audible)])
    heard = [(int(before[span.start]), int(before[span.end])) for span in sentence.spans]
    starts = [phones[first, 0] if last > first else None for first, last in heard]
    ends = [phones[last - 1, 1] if last > first else None for first, last in heard]
    return list(_without_gaps(starts, ends, total))


def _without_gaps(
    starts: list[float | None], ends: list[float | None], total: float
) -> Iterator[WordTime]:
    """Give marks the time between the words around them, and words what is left between them."""
    now = 0.0
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        following = starts[number + 1] if number + 1 < len(starts) else total
        begin = now if start is None else float(start)
        if end is None:  # a mark: up to the next word
            left = (each for each in starts[number + 1 :] if each is not None)
            finish = float(next(left, total))
        else:
            finish = float(end if following is None else following)
        yield WordTime(begin, finish)
        now = finish
