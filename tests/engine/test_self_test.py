"""A model speaks to itself before it is served."""

import numpy as np
import pytest

import fakes
from mynah.engine.loading import load_models
from mynah.engine.local.local_engine import LocalEngine
from mynah.engine.self_test import LONGEST_SECONDS, SENTENCES, VOICE, self_test
from mynah.engine.voice_source import HeldVoices
from mynah.errors import CheckpointError


class Humming(fakes.Model):
    """Speaks `tokens` tokens a sentence, of some loudness."""

    sample_rate = 32_000
    tokens = 10

    def __init__(self, loudness: float = 0.5) -> None:
        self.loudness = loudness
        self.heard: list[str] = []
        self.read_voices: list[str] = []

    def read(self, voice):
        self.read_voices.append(voice.name)
        return fakes.PreparedVoice(1.0)

    def may_decode(self, sequence) -> bool:
        self.heard.append(sequence.sentence.text)
        return True

    def wave(self, timbre, seconds):
        return np.full(round(seconds * self.sample_rate), self.loudness, np.float32)


def speaks(model) -> None:
    engine = LocalEngine(model, HeldVoices())
    try:
        self_test(engine)
    finally:
        engine.close()


def test_each_language_is_spoken_with_a_bundled_voice():
    model = Humming()
    speaks(model)
    assert model.heard == [*SENTENCES.values()]
    assert model.read_voices == [VOICE]


def test_a_real_model_passes(models):
    speaks(models)


@pytest.mark.parametrize(("loudness", "flaw"), [(0.0, "silent"), (np.nan, "not finite")])
def test_sound_that_is_none(loudness, flaw):
    with pytest.raises(CheckpointError, match=rf"\(zh: .*{flaw}.*mynah models inspect"):
        speaks(Humming(loudness))


def test_what_breaks_in_a_network_is_one_line():
    class Broken(Humming):
        def read(self, voice):
            raise RuntimeError("expected Half\n but found Float")

    with pytest.raises(CheckpointError, match=r"zh: RuntimeError: expected Half but found Float"):
        speaks(Broken())


def test_a_network_in_half_precision_is_found(tiny):
    """As transformers 5 made the encoders of what the released configs state."""
    models = load_models(tiny, "float32", "cpu")
    models.content.half()
    with pytest.raises(CheckpointError, match="cannot speak"):
        speaks(models)


def test_a_model_that_babbles_is_not_waited_for():
    class Babbling(Humming):
        tokens = 25 * 3600

        def wave(self, timbre, seconds):
            made.append(seconds)
            return super().wave(timbre, seconds)

    made: list[float] = []
    speaks(Babbling())
    silent = Babbling(loudness=0.0)
    with pytest.raises(CheckpointError, match="silent"):
        speaks(silent)
    assert sum(made) < 10 * LONGEST_SECONDS


def test_the_queue_goes_on_after_it(models):
    engine = LocalEngine(models, HeldVoices())
    try:
        self_test(engine)
        assert engine.alive and engine.stats().requests == 0
    finally:
        engine.close()
