"""Recordings reach every recogniser at its rate and whole."""

import numpy as np
import pytest
from benchmarks.quality.recogniser import SAMPLE_RATE, resampled, windows
from hypothesis import given, settings
from hypothesis import strategies as st


def test_a_recording_is_heard_at_16_khz():
    heard = resampled(np.zeros(44_100, dtype=np.float32), 44_100)
    assert len(heard) == SAMPLE_RATE
    assert heard.dtype == np.float32


@settings(deadline=None)
@given(st.integers(0, 70 * SAMPLE_RATE))
def test_windows_lose_nothing_and_are_short_enough(length):
    recording = np.arange(length, dtype=np.float32)
    pieces = list(windows(recording, SAMPLE_RATE))
    assert all(0 < len(piece) <= 30 * SAMPLE_RATE for piece in pieces)
    assert np.array_equal(np.concatenate([*pieces, []]), recording)


def test_vosk_says_which_languages_it_has(tmp_path):
    pytest.importorskip("vosk", reason="needs the extra `quality`")
    from benchmarks.quality.vosk import Vosk

    from mynah.errors import LanguageError

    with pytest.raises(LanguageError, match="no model of 'zh'"):
        Vosk(tmp_path).transcribe(np.zeros(SAMPLE_RATE, dtype=np.float32), SAMPLE_RATE, "zh")


def test_vosk_hears_16_bits_and_loud_samples_do_not_wrap():
    pytest.importorskip("vosk", reason="needs the extra `quality`")
    from benchmarks.quality.vosk import pcm16

    stored = pcm16(np.array([0.0, 0.5, 1.0, 1.5, -1.5], dtype=np.float32))
    assert np.frombuffer(stored, dtype="<i2").tolist() == [0, 16383, 32767, 32767, -32767]
