"""What a voice's recordings tell a model that colours, beside the timbre."""

import numpy as np
import pytest
import soundfile
import torch

from mynah.audio.recording import Recording
from mynah.engine.loading import load_models
from mynah.errors import RecordingError
from mynah.voice.voice import Voice

WORDS = "Hello, my dear friend."


@pytest.fixture(scope="module")
def starter():
    return load_models(precision="float32")


def exemplars_of(starter, *recordings, texts=()):
    (exemplars,) = starter.read(Voice("hum", recordings, texts)).timbre.exemplars
    return exemplars


def test_every_recording_is_compared_with_its_rendering(starter, hum):
    one = exemplars_of(starter, hum(180), texts=(WORDS,))
    both = exemplars_of(starter, hum(180), hum(260), texts=(WORDS,))
    assert one.rendered.shape == one.lacking.shape == (150, 80)
    assert both.rendered.shape == (300, 80)
    assert both.lacking[:150].any() and both.lacking[150:].any()


def test_known_words_are_rendered_and_others_guessed(starter, hum):
    told, guessed = (exemplars_of(starter, hum(180), texts=texts) for texts in ((WORDS,), ()))
    assert told.rendered.shape == guessed.rendered.shape
    assert not torch.allclose(told.rendered, guessed.rendered, atol=1e-2)


def test_each_recording_has_its_own_words(starter, hum):
    recordings = hum(180), hum(260)
    first, both, second = (
        exemplars_of(starter, *recordings, texts=texts)
        for texts in ((WORDS,), (WORDS, "See you on Thursday."), ("", "See you on Thursday."))
    )
    torch.testing.assert_close(both.rendered[:150], first.rendered[:150])
    torch.testing.assert_close(both.rendered[150:], second.rendered[150:])
    assert not torch.allclose(both.rendered[150:], first.rendered[150:], atol=1e-2)


def test_of_a_long_recording_half_a_minute_is_compared(starter, hum):
    long = Recording(np.tile(hum(180).samples, 11), 16_000)
    assert len(exemplars_of(starter, long, texts=(WORDS,)).rendered) == 1500


def test_a_model_without_colours_has_none(models, voice):
    assert not models.read(voice).timbre.exemplars


def test_words_of_more_recordings_than_there_are_are_refused(hum, tmp_path):
    path = tmp_path / "one.wav"
    soundfile.write(path, hum(180).samples, 16_000)
    assert Voice.from_recording(path, text=[WORDS]).texts == (WORDS,)
    with pytest.raises(RecordingError, match="2 texts for 1 recordings"):
        Voice.from_recording(path, text=[WORDS, WORDS])
