"""The state that the starter keeps of a voice's recordings beside the timbre."""

import numpy as np
import torch

from mynah.audio.recording import Recording
from mynah.voice.voice import Voice

WORDS = "Hello, my dear friend."


def bank_of(starter, *recordings, texts=()):
    return starter.read(Voice("hum", recordings, texts)).conditioning.speaker_state.bank


def test_every_recording_is_compared_with_its_rendering(starter, hum):
    one = bank_of(starter, hum(180), texts=(WORDS,))
    both = bank_of(starter, hum(180), hum(260), texts=(WORDS,))
    assert one.rendered.shape == one.residual.shape == (150, 80)
    assert both.rendered.shape == (300, 80)
    assert both.residual[:150].any() and both.residual[150:].any()


def test_known_words_are_rendered_and_others_guessed(starter, hum):
    told, guessed = (bank_of(starter, hum(180), texts=texts) for texts in ((WORDS,), ()))
    assert told.rendered.shape == guessed.rendered.shape
    assert not torch.allclose(told.rendered, guessed.rendered, atol=1e-2)


def test_each_recording_has_its_own_words(starter, hum):
    recordings = hum(180), hum(260)
    first, both, second = (
        bank_of(starter, *recordings, texts=texts)
        for texts in ((WORDS,), (WORDS, "See you on Thursday."), ("", "See you on Thursday."))
    )
    torch.testing.assert_close(both.rendered[:150], first.rendered[:150])
    torch.testing.assert_close(both.rendered[150:], second.rendered[150:])
    assert not torch.allclose(both.rendered[150:], first.rendered[150:], atol=1e-2)


def test_of_a_long_recording_half_a_minute_is_compared(starter, hum):
    long = Recording(np.tile(hum(180).samples, 11), 16_000)
    assert len(bank_of(starter, long, texts=(WORDS,)).rendered) == 1500


def test_a_model_without_a_postfilter_has_none(models, voice):
    assert models.read(voice).conditioning.speaker_state is None


def test_the_cache_of_prompts_counts_the_state(starter, voice):
    prompt = starter.read(voice)
    on = prompt.conditioning
    assert prompt.size == on.timbre.nbytes + on.speaker_state.nbytes
