"""Recordings of phones and browsers: MP4, WebM, AMR and AAC, whole, cut and changed."""

import io

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_files import RATE, by_ffmpeg, wave

from mynah.audio.decoding import DecodeLimits, decode
from mynah.audio.kinds import KINDS, kind_of
from mynah.errors import RecordingError

LIMITS = DecodeLimits(KINDS, 60.0)
WAVE = wave()
FORMS = {
    "m4a": ("ipod", "aac"),
    "3gp": ("3gp", "aac"),
    "mov": ("mov", "alac"),
    "webm": ("webm", "libopus"),
    "aac": ("adts", "aac"),
}
FILES = {name: by_ffmpeg(WAVE, *form) for name, form in FORMS.items()}
PRIMING = 2_048
"""Samples of silence that an encoder may put before the sound."""


def likeness(samples: np.ndarray) -> float:
    """The best correlation with the sound at any delay that an encoder makes."""
    shared = min(len(samples), len(WAVE)) - PRIMING
    return max(
        np.corrcoef(samples[delay : delay + shared], WAVE[:shared])[0, 1]
        for delay in range(0, PRIMING, 8)
    )


def with_picture(seconds: int = 2) -> bytes:
    """An MP4 with a video track before the sound."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as output:
        video = output.add_stream("mpeg4", rate=10, width=64, height=48, pix_fmt="yuv420p")
        audio = output.add_stream("aac", rate=RATE, layout="mono")
        picture = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
        for _ in range(10 * seconds):
            output.mux(video.encode(picture))
        output.mux(video.encode(None))
        frame = av.AudioFrame.from_ndarray(WAVE[None, : seconds * RATE], "fltp", "mono")
        frame.sample_rate = RATE
        resampler = av.AudioResampler("fltp", "mono", RATE, frame_size=audio.frame_size)
        for part in [*resampler.resample(frame), *resampler.resample(None), None]:
            output.mux(audio.encode(part))
    return file.getvalue()


def test_a_codec_that_nothing_knows_is_refused():
    with pytest.raises(RecordingError, match="no sound that can be read"):
        decode(FILES["webm"].replace(b"A_OPUS", b"A_NONE"), LIMITS)


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_its_sound(name):
    samples = decode(FILES[name], LIMITS, sample_rate=RATE).samples
    assert len(samples) == pytest.approx(len(WAVE), rel=0.04)
    assert likeness(samples) > 0.99


def test_amr_is_read_to_its_length():
    frames = b"".join(bytes([0x3C, *range(31)]) for _ in range(100))  # 20 ms each, of any sound
    assert decode(b"#!AMR\n" + frames, LIMITS).seconds == pytest.approx(2.0)


def test_sound_of_a_video_is_read():
    assert decode(with_picture(), LIMITS).seconds == pytest.approx(2.0, abs=0.2)


def test_a_video_without_sound_is_refused():
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as output:
        video = output.add_stream("mpeg4", rate=10, width=64, height=48, pix_fmt="yuv420p")
        picture = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
        output.mux([*video.encode(picture), *video.encode(None)])
    with pytest.raises(RecordingError, match="no sound"):
        decode(file.getvalue(), LIMITS)


@pytest.mark.parametrize("name", FORMS)
def test_too_long_is_refused(name):
    with pytest.raises(RecordingError, match="lasts more than 3 s"):
        decode(FILES[name], DecodeLimits(KINDS, 3.0))


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("share", [0.005, 0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.97, 0.99])
def test_a_cut_file_gives_its_beginning_or_a_reason(name, share):
    whole = decode(FILES[name], LIMITS).samples
    try:
        part = decode(FILES[name][: int(share * len(FILES[name]))], LIMITS).samples
    except RecordingError:
        return
    assert len(part) <= len(whole)
    sure = max(0, len(part) - 2 * PRIMING)
    assert np.array_equal(part[:sure], whole[:sure])


@given(name=st.sampled_from([*FORMS]), seed=st.integers(0, 2**32 - 1), changes=st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_changed_bytes_give_sound_or_a_reason(name, seed, changes):
    source = np.random.default_rng(seed)
    data = bytearray(FILES[name])
    for place in source.integers(0, len(data), changes):
        data[place] = source.integers(0, 256)
    try:
        samples = decode(bytes(data), LIMITS).samples
    except RecordingError as error:
        assert "\n" not in str(error)
    else:
        assert np.isfinite(samples).all()
        assert len(samples) <= 61 * 192_000


def test_kinds_are_told_apart():
    kinds = {name: kind_of(io.BytesIO(data)) for name, data in FILES.items()}
    assert kinds == {"m4a": "mp4", "3gp": "mp4", "mov": "mp4", "webm": "webm", "aac": "aac"}
