"""Requests and chunks are plain values: they cross processes, and need no networks to be made."""

import pickle
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest

from mynah.engine.request import AudioChunk, RecordingRef, SynthesisRequest, VoiceRef
from mynah.engine.voice_source import HeldVoices, decode_voice
from mynah.options import SpeechOptions
from mynah.text.frontend import analyse
from mynah.voice.samples import samples
from mynah.voice.voice import Voice

STORED = VoiceRef(
    "voice_1/3+ljspeech/1",
    (RecordingRef("recordings/rec_1.flac", text="Hello."), RecordingRef("recordings/rec_2.flac")),
    references=(RecordingRef(data=b"fLaC\x00\xff"),),
    language="en",
    weights="voice_1/job_2/3",
    name="教师",
    version="3",
)


@pytest.fixture
def request_() -> SynthesisRequest:
    sentences = tuple(analyse("你好，world. They read it."))
    return SynthesisRequest("key_1", sentences, STORED, SpeechOptions(speed=1.25, seed=7))


def test_a_request_is_the_same_after_a_trip(request_):
    arrived = pickle.loads(pickle.dumps(request_))
    assert arrived == request_
    assert hash(arrived) == hash(request_)


def test_a_request_holds_nothing_but_plain_values(request_):
    def leaves(value):
        if isinstance(value, dict):
            value = list(value.values())
        return (
            [leaf for each in value for leaf in leaves(each)]
            if isinstance(value, list | tuple)
            else [value]
        )

    kinds = {type(leaf) for leaf in leaves(asdict(request_))}
    assert kinds <= {str, bytes, bool, int, float, type(None)}


def test_a_chunk_is_the_same_after_a_trip():
    chunk = AudioChunk(
        np.linspace(-1, 1, 640, dtype=np.float32), 32_000, "你好。", ends_sentence=True, last=True
    )
    arrived = pickle.loads(pickle.dumps(chunk))
    assert (arrived.text, arrived.last, arrived.seconds) == ("你好。", True, 0.02)
    np.testing.assert_array_equal(arrived.samples, chunk.samples)


def test_they_are_made_without_torch():
    code = (
        "import sys, mynah.engine.engine, mynah.engine.voice_source; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_voice_is_decoded_from_bytes_and_from_keys():
    one, other = samples()
    files = {"recordings/other": other.data()}
    ref = VoiceRef(
        "voice_1/1",
        (RecordingRef(data=one.data(), text=one.text),),
        references=(RecordingRef("recordings/other", text="not its own"),),
        language=one.language,
        name=one.name,
    )
    voice, expected = decode_voice(ref, files.__getitem__), one.voice()
    assert (voice.name, voice.texts, voice.language) == (one.name, (one.text,), one.language)
    for mine, theirs in zip(
        voice.recordings, (*expected.recordings, *other.voice().recordings), strict=True
    ):
        np.testing.assert_array_equal(mine.samples, theirs.samples)


def test_a_voice_that_the_process_holds_is_not_decoded(voice: Voice):
    held = HeldVoices({"hum": voice})
    assert held.voice(VoiceRef("hum", (RecordingRef(data=b"no audio"),))) is voice
