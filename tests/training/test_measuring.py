"""The evaluation of a version: how like its speaker it sounds, and how much is misheard."""

import math

import numpy as np
import pytest
from made_voice import made_slices

from mynah.api import Synthesizer
from mynah.audio.recording import Recording
from mynah.options import SpeechOptions
from mynah.training import evaluator as intelligibility
from mynah.training.evaluator import SEEDS, Evaluator, PairedScores
from mynah.training.likeness import Likeness
from mynah.training.prepare.slices import Slice

SENTENCES = 2


@pytest.fixture(autouse=True)
def few_sentences(monkeypatch):
    monkeypatch.setattr(intelligibility, "SENTENCES", SENTENCES)


class Repeating:
    """A recogniser that recognises what it is given; each sentence has four units."""

    unit = "word"

    def __init__(self, *heard):
        self.given, self.languages = heard, []

    def reference(self, text, language):
        return list("word")

    def recognise(self, samples, language):
        assert len(samples) > 1_600 and abs(samples).max() <= 1
        self.languages.append(language)
        return list(self.given[len(self.languages) % len(self.given)])


def never():
    return None


def evaluator(models, recogniser, language="en", tick=never):
    held_out = made_slices(2)
    likeness = Likeness(held_out, made_slices(2, first=2))
    return Evaluator(language, models, likeness, held_out, recogniser, tick)


def compared(judge, models, voice):
    return PairedScores(judge.scores(models, voice), judge.scores(models, voice))


@pytest.mark.parametrize(("heard", "rate"), [("word", 0.0), ("war", 0.5), ("", 1.0)])
def test_errors_are_counted_over_all_sentences(models, voice, heard, rate):
    recogniser, ticks = Repeating(heard), []
    judge = evaluator(models, recogniser, "auto", lambda: ticks.append(1))
    comparison = compared(judge, models, voice)
    found = comparison.evaluation("word", ["The recordings are noise."])
    assert (found.error_rate.before, found.error_rate.after) == (rate, rate)
    assert (found.unit, found.doubts) == ("word", ("The recordings are noise.",))
    assert 0 < found.similarity.before == found.similarity.after
    assert found.similarity.standard_error == found.error_rate.standard_error == 0
    spoken = (["zh"] * (SENTENCES // 2) + ["en"] * (SENTENCES // 2)) * len(SEEDS)
    assert recogniser.languages == spoken * 2
    assert len(ticks) == len(recogniser.languages)
    named = ["similarity", "similarity_before", "word_error_rate", "word_error_rate_before"]
    assert sorted(found.metrics()) == named
    assert sorted(comparison.timbre()) == ["timbre_similarity", "timbre_similarity_before"]
    assert all(-1 <= value <= 1 for value in comparison.timbre().values())


def test_the_standard_error_tells_chance_from_a_difference(models, voice):
    count = SENTENCES * len(SEEDS)
    # Before all is heard; after, every other sentence lost two of its four words.
    heard = ["word"] * count + ["wo", "word"] * (count // 2)
    judge = evaluator(models, Repeating(*heard[-1:], *heard[:-1]))
    rate = compared(judge, models, voice).evaluation("word").error_rate
    assert (rate.before, rate.after) == (0.0, 0.25)
    assert rate.standard_error == pytest.approx(0.25 / math.sqrt(count - 1))


def test_without_an_ear_likeness_is_measured_alone(models, voice):
    found = compared(evaluator(models, None), models, voice).evaluation(None)
    assert found.error_rate is None
    assert found.metrics().keys() == {"similarity", "similarity_before"}


def test_a_voice_is_most_like_what_it_says_itself(models, voice):
    spoken = Synthesizer(models).speak("Hello, my friend.", voice, SpeechOptions(language="en"))
    said = Recording(spoken.samples, spoken.sample_rate)
    itself = Slice(said.at(32_000).samples, None, [], [])
    own, others = (
        Evaluator("en", models, Likeness(slices, slices), slices, None, never)
        for slices in ([itself], made_slices(1))
    )
    own_scores, others_scores = (each.scores(models, voice) for each in (own, others))
    assert sum(each.timbre for each in own_scores) > sum(each.timbre for each in others_scores)


def test_a_person_is_more_like_herself_than_noise_and_other_pitches_are():
    likeness = Likeness(made_slices(2), made_slices(2, first=2))
    said = Recording(made_slices(1, first=9)[0].samples, 32_000)
    noise = np.random.default_rng(0).standard_normal(len(said.samples)).astype(np.float32)
    higher = Recording(said.samples, 48_000)
    assert likeness(said) > 2 * likeness(higher)
    assert likeness(said) > 2 * likeness(Recording(0.1 * noise, 32_000))
