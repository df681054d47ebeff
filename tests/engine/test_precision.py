"""Models that decode in bfloat16, and the setting that forbids it."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from mynah.acoustic.backends.channels_last import ChannelsLastGenerator
from mynah.api import Synthesizer
from mynah.config import read_settings
from mynah.engine import loading
from mynah.engine.loading import load_models
from mynah.errors import OptionError
from mynah.options import SpeechOptions


@pytest.fixture
def fast(models):
    return replace(models, vocoder=ChannelsLastGenerator(models.sovits.dec, torch.bfloat16))


def test_float32_has_nothing_chosen(tiny, monkeypatch):
    bfloat16 = partial(ChannelsLastGenerator, dtype=torch.bfloat16)
    monkeypatch.setattr(loading, "select_cpu", bfloat16)
    assert load_models(tiny, "float32").vocoder is None
    assert load_models(tiny).vocoder is not None


def test_the_setting(monkeypatch):
    assert read_settings().precision == "auto"
    monkeypatch.setenv("MYNAH_PRECISION", "float32")
    assert read_settings().precision == "float32"
    monkeypatch.setenv("MYNAH_PRECISION", "float8")
    with pytest.raises(OptionError, match="MYNAH_PRECISION"):
        read_settings()


def test_the_setting_of_the_device(monkeypatch):
    assert read_settings().device == "auto"
    monkeypatch.setenv("MYNAH_DEVICE", "cpu")
    assert read_settings().device == "cpu"
    monkeypatch.setenv("MYNAH_DEVICE", "tpu")
    with pytest.raises(OptionError, match="MYNAH_DEVICE"):
        read_settings()


def test_speech_differs_by_no_more_than_rounding(models, fast, voice):
    exact, rounded = (
        Synthesizer(each).speak("Hello, world.", voice, SpeechOptions(seed=1)).samples
        for each in (models, fast)
    )
    assert exact.shape == rounded.shape
    assert 0 < np.square(rounded - exact).mean() < 0.01 * exact.var()


def test_a_version_shares_it_if_its_decoder_was_not_trained(fast, adapt):
    assert fast.trained(adapt(1, acoustic=False)).vocoder is fast.vocoder


def test_a_version_with_a_decoder_of_its_own_counts_what_that_takes(models, fast, adapt):
    folder = adapt(1)
    plain, version = models.trained(folder), fast.trained(folder)
    assert version.vocoder is not fast.vocoder
    assert version.size - plain.size == version.vocoder.size > 0
