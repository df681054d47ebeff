"""Doubts about recordings, by which a version that is made of them is not promoted."""

import numpy as np
import pytest
from tone_speech import ToneEncoder, say

from mynah.encoders.ctc_aligner import Head
from mynah.training.doubts import doubts
from mynah.training.prepare.slices import Prepared, Slice

TEXTS = ["Hello, my friend.", "The old clock chimed five.", "It smelled of rain.", "I am here."]
REPORT = {"seconds_given": 20.0, "seconds_dropped": {"pause": 6.0}, "speakers_differ": "no"}
SCORES = Head(ToneEncoder())


def prepared(spoken=TEXTS, written=TEXTS, noise=0.0, **report):
    rng = np.random.default_rng(0)
    sounds = [say(text) for text in spoken]
    sounds = [(each + noise * rng.standard_normal(len(each))).astype(np.float32) for each in sounds]
    slices = [Slice(each, text, [], []) for each, text in zip(sounds, written, strict=True)]
    return Prepared(slices[1:], slices[:1], REPORT | report)


def test_recordings_that_say_their_words_leave_no_doubt():
    assert doubts(prepared(), SCORES, "en") == []
    assert doubts(prepared(written=[*TEXTS[:2], None, None]), SCORES, "en") == []


@pytest.mark.parametrize(
    "how, reason",
    [
        ({"written": TEXTS[1:] + TEXTS[:1]}, "hardly say their words"),
        ({"noise": 1.0}, "hardly say their words"),
        ({"written": [TEXTS[0], None, None, None]}, "not known"),
        ({"seconds_dropped": {"text_does_not_match": 4.0}}, "Of 20 s of its recordings 4 s"),
        ({"speakers_differ": "perhaps"}, "more than one person"),
    ],
    ids=["other words", "noise", "no words", "sentences left out", "two people"],
)
def test_recordings_that_cannot_be_trusted_are_told_of(how, reason):
    (doubt,) = doubts(prepared(**how), SCORES, "en")
    assert reason in doubt


def test_without_a_recogniser_words_are_not_compared():
    assert doubts(prepared(written=TEXTS[1:] + TEXTS[:1]), None, "en") == []
