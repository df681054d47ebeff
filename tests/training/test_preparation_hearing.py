"""Recognition of phonemes and words, where a model or a machine has it."""

import importlib.machinery
import os
import shutil
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from tone_speech import RATE, say, write

from mynah.engine.loading import load_models
from mynah.starter import packaged
from mynah.training.prepare import alignment
from mynah.training.prepare.recogniser import installed_recogniser, recognised
from mynah.training.prepare.sound import read_sound

TEXT = "The old clock in the hallway chimed five. Outside, a thick fog lay over the valley."


@pytest.fixture
def sound(tmp_path):
    return read_sound(write(tmp_path / "recording.flac", say(TEXT)))


class Messages(list):
    message = list.append


def test_every_frame_has_the_scores_of_the_models_own_encoder(models, sound):
    scores = alignment.frame_scores(sound, models.aligner)
    assert scores.shape == (len(sound.speech), 733)
    assert np.allclose(np.exp(scores).sum(axis=1), 1.0, atol=1e-4)


def test_minutes_are_heard_in_windows_of_seconds(sound, tmp_path):
    long = read_sound(write(tmp_path / "long.flac", say(TEXT * 8)))
    heard = []

    def scores(samples):
        heard.append(samples.shape[1] / 16_000)
        return alignment.torch.zeros(1, samples.shape[1] // 320, 733)

    assert len(alignment.frame_scores(long, scores)) == len(long.speech)
    assert max(heard) <= 10 and sum(heard) == pytest.approx(long.seconds)


def test_the_packaged_aligner_serves_models_without_one(models, tiny, sound, tmp_path, monkeypatch):
    monkeypatch.setattr(packaged, "files", lambda package: tmp_path)
    for name in ("semantic.ckpt", "acoustic.pth"):
        shutil.copy(tiny / name, tmp_path)
    assert load_models(tmp_path, "float32", "cpu").aligner is None
    other = shutil.copytree(tmp_path, tmp_path / "released")
    shutil.copy(tiny / "content.pth", tmp_path)
    aligner = load_models(other, "float32", "cpu").aligner
    own, packaged_ones = (alignment.frame_scores(sound, each) for each in (models.aligner, aligner))
    assert np.allclose(own, packaged_ones)


@pytest.fixture
def whisper(monkeypatch):
    """Stands for the package faster-whisper; hears what the test lets it hear."""
    module = ModuleType("faster_whisper")
    module.__spec__ = importlib.machinery.ModuleSpec("faster_whisper", None)
    module.said, module.calls = [" Hello, ", "my dear friend."], []

    class WhisperModel:
        def __init__(self, size, local_files_only, cpu_threads):
            assert local_files_only
            assert 1 <= cpu_threads <= len(os.sched_getaffinity(0))
            if module.said is None:
                raise OSError("no such model\nlong advice")

        def transcribe(self, samples, language):
            module.calls.append((len(samples), language))
            return iter([SimpleNamespace(text=text) for text in module.said]), None

    module.WhisperModel = WhisperModel
    monkeypatch.setitem(sys.modules, "faster_whisper", module)
    return module


def test_an_installed_recogniser_writes_words_down(whisper, sound):
    recogniser = installed_recogniser(Messages())
    assert recognised(sound, "all_zh", recogniser) == "Hello, my dear friend."
    assert whisper.calls == [(len(sound.samples) * 16_000 // RATE, "zh")]


def test_what_nobody_can_pronounce_is_no_words(whisper, sound):
    whisper.said = ["…"]
    assert recognised(sound, "en", installed_recogniser(Messages())) is None


def test_nothing_is_downloaded_for_a_recogniser_without_its_model(whisper):
    whisper.said, messages = None, Messages()
    assert installed_recogniser(messages) is None
    assert messages == [
        "faster-whisper is installed and its model 'small' is not (no such model); recordings "
        "without words teach only the acoustic stage until it is."
    ]


def test_without_a_recogniser_recordings_stay_without_words(monkeypatch, sound):
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    assert installed_recogniser(Messages()) is None
    assert recognised(sound, "en", None) is None
