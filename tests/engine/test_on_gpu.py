"""Both stages on a GPU, chosen when a model is loaded."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mynah.api import Synthesizer
from mynah.audio.recording import Recording
from mynah.engine.loading import load_models
from mynah.engine.models import Models
from mynah.engine.request import VoiceRef
from mynah.engine.voice_source import HeldVoices
from mynah.errors import OptionError
from mynah.options import SpeechOptions
from mynah.runtime.device import resolve_device
from mynah.text.sentence import Sentence, Word
from mynah.voice.voice import Voice


@pytest.fixture(scope="module")
def on_gpu(cuda, tiny) -> Models:
    """Without its content encoder, for which recordings are resampled."""
    return replace(load_models(tiny, device="cuda"), content=None)


@pytest.fixture
def voice() -> Voice:
    time = np.arange(3 * 32_000) / 32_000
    wave = 0.3 * np.sin(2 * np.pi * 180 * time) * np.abs(np.sin(4 * np.pi * time))
    return Voice("hum", (Recording(wave.astype(np.float32), 32_000),))


def say(models, voice, seed) -> np.ndarray:
    sentence = Sentence.of("Hello.", [("en", Word("Hello", ("HH", "AH0", "L", "OW1")))])
    options = SpeechOptions(seed=seed)
    held = HeldVoices({"hum": voice})
    chunks = Synthesizer(models).stream_sentences(
        [sentence, sentence], VoiceRef("hum"), held, options
    )
    return np.concatenate([chunk.samples for chunk in chunks])


def test_a_gpu_is_taken_if_there_is_one(cuda, tiny):
    assert resolve_device("auto") == resolve_device("cuda") == cuda
    assert load_models(tiny).sovits_graphs is not None
    assert load_models(tiny, "float32", "cpu").sovits_graphs is None


def test_it_speaks(on_gpu, voice):
    assert on_gpu.gpt_graphs is not None
    first, second = say(on_gpu, voice, 1), say(on_gpu, voice, 1)
    assert len(first) > 32_000 // 2
    assert np.isfinite(first).all()
    assert first.shape == second.shape
    assert np.abs(first - second).max() < 1e-3


def test_a_version_has_its_own_networks_there(on_gpu, adapt, voice):
    version = on_gpu.trained(adapt(1))
    assert version.gpt_graphs is not on_gpu.gpt_graphs
    assert version.gpt_graphs.slots is on_gpu.gpt_graphs.slots
    assert version.sovits_graphs is not on_gpu.sovits_graphs
    assert version.size > version.gpt_graphs.size + version.sovits_graphs.size
    assert len(say(version, voice, 1)) > 0


def test_without_a_gpu_none_is_taken(monkeypatch, tiny):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve_device("auto") == resolve_device("cpu") == torch.device("cpu")
    with pytest.raises(OptionError, match="There is no GPU"):
        load_models(tiny, device="cuda")
