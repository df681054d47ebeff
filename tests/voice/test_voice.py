"""Voices from recordings, and what is refused."""

import pytest
import soundfile

from mynah.errors import RecordingError
from mynah.voice.voice import Voice

WORDS = "Hello, my dear friend."


def test_words_of_more_recordings_than_there_are_are_refused(hum, tmp_path):
    path = tmp_path / "one.wav"
    soundfile.write(path, hum(180).samples, 16_000)
    assert Voice.from_recording(path, text=[WORDS]).texts == (WORDS,)
    with pytest.raises(RecordingError, match="2 texts for 1 recordings"):
        Voice.from_recording(path, text=[WORDS, WORDS])
