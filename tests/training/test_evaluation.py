"""Recognition errors of a voice: by words where a recogniser is at hand, else by phonemes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tone_speech import RATE, ToneEncoder, say

from mynah.audio.recording import Recording
from mynah.encoders.ctc_aligner import Head
from mynah.text.reading_scripts import reading_script
from mynah.training import evaluator
from mynah.training.evaluator import (
    SENTENCES,
    PhonemeScorer,
    WordScorer,
    edit_distance,
    mistakes,
    scoring_recogniser,
    sentences,
)

units = st.lists(st.sampled_from("abc"), max_size=8)


def samples_of(text, language="en"):
    return Recording(say(text, language), RATE).at(16_000).samples


@pytest.mark.parametrize(("text", "language"), [("Hello, my friend.", "en"), ("今天很好。", "zh")])
def test_phonemes_that_were_said_are_heard(text, language):
    recogniser = PhonemeScorer(Head(ToneEncoder()))
    wanted = recogniser.reference(text, language)
    assert len(wanted) > 5
    assert recogniser.recognise(samples_of(text, language), language) == wanted


def test_words_are_compared_without_marks_and_capitals_and_mandarin_by_characters():
    recogniser = WordScorer(lambda samples, language: "the old clock 不 CHIMED. It's")
    assert recogniser.recognise(samples_of("Hello."), "en") == recogniser.reference(
        "“The old clock, 不” chimed it’s", ""
    )
    assert recogniser.reference("今天, APP 好", "zh") == ["今", "天", "app", "好"]


def test_what_is_misheard_of_a_sentence_is_counted():
    recogniser = PhonemeScorer(Head(ToneEncoder()))
    said = Recording(say("Hello, my friend.", "en"), RATE)
    units = len(recogniser.reference("Hello, my friend.", "en"))
    assert mistakes(recogniser, "Hello, my friend.", "en", said) == (0, units)
    wrong, wanted = mistakes(recogniser, "Hello.", "en", said)
    assert wrong == units - wanted


def test_a_language_has_the_beginning_of_its_own_script():
    assert list(sentences("all_zh")) == list(sentences("zh"))
    assert [text for text, _ in sentences("en")] == list(reading_script("en").sentences[:SENTENCES])


def test_words_are_heard_where_a_recogniser_is_and_phonemes_elsewhere(models, monkeypatch):
    assert scoring_recogniser(models).unit == "phoneme"
    assert scoring_recogniser(replace(models, aligner=None)) is None
    monkeypatch.setattr(evaluator, "installed_recogniser", lambda: lambda *heard: "hello")
    assert scoring_recogniser(models).unit == "word"


@given(units, units)
def test_edit_distance_is_a_metric(one, other):
    distance = edit_distance(one, other)
    assert distance == edit_distance(other, one)
    assert (distance == 0) == (one == other)
    assert abs(len(one) - len(other)) <= distance <= max(len(one), len(other))


@given(units, units, units)
def test_edit_distance_obeys_the_triangle(one, other, third):
    direct = edit_distance(one, third)
    assert direct <= edit_distance(one, other) + edit_distance(other, third)
