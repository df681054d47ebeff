"""When words are said, by the packaged model's own speech."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

import mynah
from mynah.audio.recording import Recording
from mynah.encoders.forced_alignment import align_labels
from mynah.engine.loading import packaged_aligner
from mynah.engine.word_times import word_times
from mynah.errors import UnsupportedError
from mynah.text.frontend import analyse

SILENCE = 0.8


@pytest.fixture(scope="module")
def spoken():
    """A sentence of two clauses with a long silence between them, and the silence's seconds."""
    first, second = (
        mynah.speak(text, voice="ljspeech") for text in ("Good morning.", "my friend.")
    )
    rate = first.sample_rate
    silence = np.zeros(round(SILENCE * rate), np.float32)
    whole = np.concatenate([first.samples, silence, second.samples])
    return Recording(whole, rate), first.seconds, first.seconds + SILENCE


def test_the_silence_is_the_commas_and_the_words_are_around_it(spoken):
    speech, start, end = spoken
    (sentence,) = analyse("Good morning, my friend.", split="cut0")
    times = word_times(packaged_aligner(), speech, sentence)
    by_word = dict(zip((span.text for span in sentence.spans), times, strict=True))
    assert all(time.end <= after.start + 1e-9 for time, after in pairwise(times))
    assert by_word[","].start <= start + 0.1
    assert by_word[","].end >= end - 0.1
    assert 0 <= by_word["Good"].start < by_word["morning"].start < start
    assert end - 0.1 < by_word["my"].start < by_word["friend"].start < speech.seconds
    assert times[-1].end == pytest.approx(speech.seconds)


def test_speech_that_broke_off_is_shared_out_by_phonemes(spoken):
    speech, *_ = spoken
    (sentence,) = analyse("Good morning, my friend.", split="cut0")
    times = word_times(packaged_aligner(), speech.between(0.0, 0.1), sentence)
    assert times[0].start == 0.0
    assert times[-1].end == pytest.approx(0.1)
    assert all(time.end == pytest.approx(after.start) for time, after in pairwise(times))


def test_a_sentence_of_marks_alone_takes_all_the_time(spoken):
    (sentence,) = analyse("Hm.", split="cut0")
    marks = replace(sentence, phones=(".",), spans=(replace(sentence.spans[-1], start=0, end=1),))
    (time,) = word_times(packaged_aligner(), Recording(np.zeros(16_000, np.float32), 16_000), marks)
    assert (time.start, time.end) == (0.0, pytest.approx(1.0))


def test_a_model_without_an_aligner_says_so(spoken):
    (sentence,) = analyse("Hm.")
    with pytest.raises(UnsupportedError, match="no aligner"):
        word_times(None, spoken[0], sentence)


def test_every_phoneme_is_where_its_score_is():
    scores = np.full((40, 5), -9.0)
    scores[:, 4] = -0.1  # blank
    for frame, label in ((5, 0), (12, 1), (13, 1), (30, 2)):
        scores[frame] = -9.0
        scores[frame, label] = -0.01
    assert align_labels(scores, [[0, 1], [2]]) == [[(5, 6), (12, 14)], [(30, 31)]]
