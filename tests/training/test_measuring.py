"""The evaluation of a version: how like its speaker it sounds, and how much is misheard."""

import math

import pytest
from made_voice import made_slices

from mynah.audio.recording import Recording
from mynah.engine.synthesizer import Synthesizer
from mynah.options import SpeechOptions
from mynah.training.intelligibility import SENTENCES
from mynah.training.measuring import SEEDS, Evaluator
from mynah.training.preparation.slices import Slice


class Repeating:
    """An ear that hears what it is given; each sentence has four units."""

    unit = "word"

    def __init__(self, *heard):
        self.given, self.languages = heard, []

    def wanted(self, text, language):
        return list("word")

    def heard(self, samples, language):
        assert len(samples) > 1_600 and abs(samples).max() <= 1
        self.languages.append(language)
        return list(self.given[len(self.languages) % len(self.given)])


def never():
    return None


@pytest.mark.parametrize(("heard", "rate"), [("word", 0.0), ("war", 0.5), ("", 1.0)])
def test_errors_are_counted_over_all_sentences(models, voice, heard, rate):
    ear, ticks = Repeating(heard), []
    evaluator = Evaluator("auto", models.sovits, made_slices(2), ear, lambda: ticks.append(1))
    found = evaluator.compare((models, voice), (models, voice), ["The recordings are noise."])
    assert (found.error_rate.before, found.error_rate.after) == (rate, rate)
    assert (found.unit, found.doubts) == ("word", ("The recordings are noise.",))
    assert -1 <= found.similarity.before == found.similarity.after <= 1
    assert found.similarity.standard_error == found.error_rate.standard_error == 0
    spoken = (["zh"] * (SENTENCES // 2) + ["en"] * (SENTENCES // 2)) * len(SEEDS)
    assert ear.languages == spoken * 2
    assert len(ticks) == len(ear.languages)
    assert found.metrics().keys() == {
        "timbre_similarity",
        "timbre_similarity_before",
        "word_error_rate",
        "word_error_rate_before",
    }


def test_the_standard_error_tells_chance_from_a_difference(models, voice):
    count = SENTENCES * len(SEEDS)
    # Before all is heard; after, every other sentence lost two of its four words.
    heard = ["word"] * count + ["wo", "word"] * (count // 2)
    evaluator = Evaluator(
        "en", models.sovits, made_slices(1), Repeating(*heard[-1:], *heard[:-1]), never
    )
    rate = evaluator.compare((models, voice), (models, voice)).error_rate
    assert (rate.before, rate.after) == (0.0, 0.25)
    assert rate.standard_error == pytest.approx(0.25 / math.sqrt(count - 1))


def test_without_an_ear_likeness_is_measured_alone(models, voice):
    evaluator = Evaluator("zh", models.sovits, made_slices(1), None, never)
    found = evaluator.compare((models, voice), (models, voice))
    assert found.error_rate is None
    assert found.metrics().keys() == {"timbre_similarity", "timbre_similarity_before"}


def test_a_voice_is_most_like_what_it_says_itself(models, voice):
    spoken = Synthesizer(models).speak("Hello, my friend.", voice, SpeechOptions(language="en"))
    itself = Slice(Recording(spoken.samples, spoken.sample_rate).at(32_000).samples, None, [], [])
    own, others = (
        Evaluator("en", models.sovits, slices, None, never).scores(models, voice)
        for slices in ([itself], made_slices(1))
    )
    assert sum(each.similarity for each in own) > sum(each.similarity for each in others)
