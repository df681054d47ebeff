"""The sound of the packaged model: its aligner, and a recogniser, hear the words it was given."""

import numpy as np
import pytest

import mynah
from mynah.audio.recording import Recording
from mynah.training.evaluator import PhonemeScorer, WordScorer, mistakes
from mynah.training.prepare.recogniser import installed_recogniser

SENTENCES = (
    ("mandarin", "zh", "我们明天早上八点在火车站见面。"),
    ("mandarin", "en", "The weather is fine, so we walk to the river."),
    ("ljspeech", "zh", "他每天晚上都在家里看书。"),
    ("ljspeech", "en", "Please close the window before you leave."),
)
OTHER = {"zh": "这本书有三百多页，我还没看完。", "en": "Nobody told her about the second train."}


@pytest.fixture(scope="module")
def models():
    return mynah.load_models()


@pytest.fixture(scope="module")
def spoken(models):
    """Each sentence with its language and its sound."""
    synthesizer = mynah.Synthesizer(models)
    voices = {sample.name: sample.voice() for sample in mynah.samples()}
    said = [synthesizer.speak(text, voices[name]) for name, _, text in SENTENCES]
    return [
        (language, text, Recording(speech.samples, speech.sample_rate))
        for (_, language, text), speech in zip(SENTENCES, said, strict=True)
    ]


def error_rate(scorer, spoken):
    """Share of the units that are misheard."""
    wrong, units = np.sum(
        [mistakes(scorer, text, language, sound) for language, text, sound in spoken], axis=0
    )
    return wrong / units


def test_aligner_hears_the_phonemes(models, spoken):
    scorer = PhonemeScorer(models.aligner)
    assert error_rate(scorer, spoken) < 0.35
    others = [(language, OTHER[language], sound) for language, _, sound in spoken]
    assert error_rate(scorer, others) > 0.7


@pytest.mark.skipif(not installed_recogniser(), reason="needs the extra asr and its model")
def test_recogniser_hears_the_words(spoken):
    assert error_rate(WordScorer(installed_recogniser()), spoken) < 0.25
