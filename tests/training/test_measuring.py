"""What is measured of a version: how like its speaker it sounds, and how much is misheard."""

import pytest
from made_voice import made_slices

from mynah.audio.recording import Recording
from mynah.engine.synthesizer import Synthesizer
from mynah.options import SpeechOptions
from mynah.training.intelligibility import SENTENCES
from mynah.training.measuring import Trial
from mynah.training.preparation.slices import Slice


class Repeating:
    """An ear that hears what it is given; each sentence has four units."""

    unit = "word"

    def __init__(self, heard):
        self.given, self.languages = heard, []

    def wanted(self, text, language):
        return list("word")

    def heard(self, samples, language):
        assert len(samples) > 1_600 and abs(samples).max() <= 1
        self.languages.append(language)
        return list(self.given)


@pytest.mark.parametrize(("heard", "rate"), [("word", 0.0), ("war", 0.5), ("", 1.0)])
def test_errors_are_counted_over_all_sentences(models, voice, heard, rate):
    ear, ticks = Repeating(heard), []
    trial = Trial("auto", models.sovits, made_slices(2), ear, lambda: ticks.append(1))
    measured = trial.of(models, voice)
    assert measured["word_error_rate"] == rate
    assert -1 <= measured["timbre_similarity"] <= 1
    assert ear.languages == ["zh"] * (SENTENCES // 2) + ["en"] * (SENTENCES // 2)
    assert len(ticks) == SENTENCES


def test_without_an_ear_likeness_is_measured_alone(models, voice):
    measured = Trial("zh", models.sovits, made_slices(1), None, lambda: None).of(models, voice)
    assert measured.keys() == {"timbre_similarity"}


def test_a_voice_is_most_like_what_it_says_itself(models, voice):
    spoken = Synthesizer(models).speak("Hello, my friend.", voice, SpeechOptions(language="en"))
    itself = Slice(Recording(spoken.samples, spoken.sample_rate).at(32_000).samples, None, [], [])
    own, others = (
        Trial("en", models.sovits, slices, None, lambda: None).of(models, voice)
        for slices in ([itself], made_slices(1))
    )
    assert own["timbre_similarity"] > others["timbre_similarity"]
