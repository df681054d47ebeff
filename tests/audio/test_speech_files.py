"""Speech becomes files: of every kind, whole or not at all."""

import os

import numpy as np
import pytest
import soundfile

from mynah.audio.speech import KINDS, Speech
from mynah.errors import OptionError

RATE = 32_000


def speech(seconds: float) -> Speech:
    wave = 0.5 * np.sin(np.arange(int(seconds * RATE)) / 30)
    return Speech(wave.astype(np.float32), RATE, "hum")


@pytest.mark.parametrize("kind", [*KINDS, "WAV"])
def test_every_kind_is_written_and_holds_the_sound(kind, tmp_path):
    made = speech(1.0)
    made.save(tmp_path / f"hum.{kind}")
    assert [path.name for path in tmp_path.iterdir()] == [f"hum.{kind}"]
    samples, rate = soundfile.read(tmp_path / f"hum.{kind}")
    assert rate == RATE
    assert len(samples) == len(made.samples)
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.05)


def test_a_path_may_be_a_string(tmp_path):
    speech(0.1).save(str(tmp_path / "hum.flac"))
    assert (tmp_path / "hum.flac").is_file()


def test_a_file_without_loss_holds_every_sample(tmp_path):
    made = speech(0.5)
    made.save(tmp_path / "hum.flac")
    samples, _ = soundfile.read(tmp_path / "hum.flac", dtype="float32")
    np.testing.assert_allclose(samples, made.samples, atol=2**-15)


@pytest.mark.parametrize("name", ["hum", "hum.", "hum.txt", "hum.raw", ".wav"])
def test_another_suffix_is_refused(name, tmp_path):
    with pytest.raises(OptionError, match=r"\.wav, \.flac, \.ogg or \.mp3"):
        speech(0.1).save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_minutes_become_an_ogg():
    """Handed over at once, they overflow the stack of libsndfile's Vorbis encoder."""
    assert speech(180.0).encode("ogg")[:4] == b"OggS"


def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "hum.wav"
    path.write_bytes(b"before")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        speech(0.1).save(path)
    assert [p.name for p in tmp_path.iterdir()] == ["hum.wav"]
    assert path.read_bytes() == b"before"


def test_a_missing_folder_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        speech(0.1).save(tmp_path / "none" / "hum.wav")
