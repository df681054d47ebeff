"""The decoder: any file, whole, cut, changed or lying, gives its own sound or a reason."""

import io
import struct

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_files import FORMS, RATE, by_ffmpeg, encoded, wave

from mynah.audio.decoding import DecodeLimits, decode
from mynah.audio.kinds import KINDS
from mynah.errors import RecordingError

LIMITS = DecodeLimits(KINDS, 60.0)
CUTS = (0.005, 0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.97, 0.99)
WAVE = wave()
FILES = {form: encoded(WAVE, form) for form in FORMS}
LONGEST_BLOCK = 4_608
"""Most samples that a codec of these files decodes at a time."""


def poison(value: float) -> None:
    """Fills memory that is free with a marker."""
    blocks = [np.full(size, value, np.float32) for size in (1 << 10, 1 << 14, 1 << 18, 1 << 20)]
    del blocks


def decoded(data: bytes) -> np.ndarray | None:
    try:
        return decode(data, LIMITS).samples
    except RecordingError as error:
        assert "\n" not in str(error)
        return None


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_its_sound(form):
    samples = decode(FILES[form], LIMITS).samples
    assert len(samples) == pytest.approx(len(WAVE), rel=0.02)
    shared = min(len(samples), len(WAVE))
    assert np.corrcoef(samples[:shared], WAVE[:shared])[0, 1] > 0.99


@pytest.mark.parametrize("form", ["MP3/CONSTANT", "OGG/OPUS", "WAV/GSM610"])
def test_blocks_join_without_a_seam(form):
    long = wave(30.0)
    samples = decode(encoded(long, form), LIMITS).samples
    at_seams = slice(65_536 - 2_000, 65_536 + 2_000)
    assert np.corrcoef(samples[at_seams], long[at_seams])[0, 1] > 0.99


@pytest.mark.parametrize(
    ("container", "codec"),
    [("wav", "pcm_s16le"), ("flac", "flac"), ("ogg", "libopus"), ("mp3", "libmp3lame"),
     ("wav", "adpcm_ms"), ("aiff", "pcm_s16be"), ("au", "pcm_s16be"), ("wav", "pcm_alaw")],
)  # fmt: skip
def test_files_of_ffmpeg_give_their_sound(container, codec):
    samples = decode(by_ffmpeg(WAVE, container, codec), LIMITS, sample_rate=RATE).samples
    assert len(samples) == pytest.approx(len(WAVE), rel=0.05)


@pytest.mark.parametrize("form", FORMS)
def test_no_sample_of_a_cut_file_comes_from_elsewhere(form):
    whole = decode(FILES[form], LIMITS).samples
    for share in CUTS:
        part = FILES[form][: int(share * len(FILES[form]))]
        poison(0.8)
        first = decoded(part)
        poison(-0.7)
        again = decoded(part)
        assert (first is None) == (again is None)
        if first is None:
            continue
        assert np.array_equal(first, again)
        assert len(first) <= len(whole)
        sure = max(0, len(first) - LONGEST_BLOCK)
        assert np.array_equal(first[:sure], whole[:sure])


@pytest.mark.parametrize("form", ["FLAC/PCM_16", "MP3/CONSTANT", "MP3/VARIABLE"])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_a_file_that_breaks_off_before_the_length_it_tells_is_refused(form, share):
    with pytest.raises(RecordingError, match="breaks off .* copy the file again"):
        decode(FILES[form][: int(share * len(FILES[form]))], LIMITS)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    form=st.sampled_from(FORMS),
    place=st.floats(0, 1),
    noise=st.binary(min_size=1, max_size=24),
    in_header=st.booleans(),
)
def test_changed_files_are_refused_or_read(form, place, noise, in_header):
    data = bytearray(FILES[form])
    start = int(place * (120 if in_header else len(data)))
    data[start : start + len(noise)] = noise
    poison(0.8)
    first = decoded(bytes(data))
    poison(-0.7)
    again = decoded(bytes(data))
    assert (first is None) == (again is None)
    if first is not None:
        assert np.isfinite(first).all()
        assert np.array_equal(first, again)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(FORMS), st.sampled_from(FORMS), st.floats(0, 1), st.floats(0, 1))
def test_spliced_files_are_refused_or_read(one, other, end, start):
    head, tail = FILES[one], FILES[other]
    samples = decoded(head[: int(end * len(head))] + tail[int(start * len(tail)) :])
    assert samples is None or np.isfinite(samples).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
@pytest.mark.parametrize("form", ["WAV/FLOAT", "AIFF/FLOAT", "W64/DOUBLE"])
def test_one_sample_that_is_no_number_is_refused(form, value):
    broken = WAVE.copy()
    broken[40_000] = value
    with pytest.raises(RecordingError, match="not numbers"):
        decode(encoded(broken, form), LIMITS, sample_rate=32_000)


def wav_header(rate: int = RATE, channels: int = 1, code: int = 1, bits: int = 16) -> bytes:
    form = struct.pack("<HHIIHH", code, channels, rate, rate * channels * 2 % 2**32, 2, bits)
    return b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0" + form + b"data\xff\xff\xff\xff"


@pytest.mark.parametrize(
    "data",
    [
        wav_header(rate=0) + bytes(9_000),
        wav_header(rate=1) + bytes(9_000),
        wav_header(rate=10_000_000) + bytes(9_000),
        wav_header(channels=0) + bytes(9_000),
        wav_header(channels=1_000) + bytes(9_000),
        wav_header(bits=0) + bytes(9_000),
        wav_header(bits=77) + bytes(9_000),
        wav_header(code=0x55) + bytes(9_000),
        wav_header(code=0xFFFE) + bytes(9_000),
        b"RIFF\x10\0\0\0WAVELIST\xff\xff\xff\x7f",
        b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + bytes(5_000),
        b"ID3\x04\0\0\0\0\0\0" * 2_000,
        b"\xff\xfb\x90\0" * 5_000,
        b"OggS" + bytes(5_000),
        b"fLaC" + bytes(5_000),
        b"caff\0\1\0\0desc" + b"\xff" * 500,
        b"MATLAB 5.0 MAT-file" + bytes(5_000),
        b"Extended Instrument: " + bytes(5_000),
        b"SNDSAMP" + bytes(5_000),
    ],
)  # fmt: skip
def test_headers_that_lie_are_refused(data, capfd):
    with pytest.raises(RecordingError):
        decode(data, LIMITS)
    assert "Traceback" not in capfd.readouterr().err


def test_a_tag_of_megabytes_is_passed_over():
    size = 5 << 20
    tag = b"ID3\x04\0\0" + bytes(size >> 7 * (3 - n) & 0x7F for n in range(4)) + bytes(size)
    data = tag + FILES["MP3/CONSTANT"]
    assert decode(data, LIMITS).seconds == pytest.approx(4.0, abs=0.1)


@pytest.mark.parametrize(
    ("rate", "channels", "seconds", "form"),
    [(192_000, 8, 59, "FLAC/PCM_16"), (48_000, 1, 59, "AU/G721_32"), (8_000, 1, 61, "FLAC/PCM_16")],
)
def test_what_takes_long_to_decode_is_refused_by_its_header(
    monkeypatch, rate, channels, seconds, form
):
    file = io.BytesIO()
    kind, subtype = form.split("/")
    with soundfile.SoundFile(file, "w", rate, channels, format=kind, subtype=subtype) as opened:
        for _ in range(seconds):
            opened.write(np.zeros((rate, channels), np.int16))
    monkeypatch.setattr(soundfile.SoundFile, "read", lambda *_, **__: pytest.fail("decoded"))
    with pytest.raises(RecordingError, match="export it in mono|more than 60 s"):
        decode(file.getvalue(), LIMITS)


def test_only_the_kinds_asked_for_are_decoded():
    with pytest.raises(RecordingError, match="kind FLAC are not taken; use WAV, MP3"):
        decode(FILES["FLAC/PCM_16"], DecodeLimits(("wav", "mp3"), 60.0))


def test_an_instrument_that_libsndfile_knows_is_no_recording():
    file = io.BytesIO()
    soundfile.write(file, WAVE, RATE, format="MAT5", subtype="PCM_16")
    with pytest.raises(RecordingError, match="not audio"):
        decode(file.getvalue(), LIMITS)


@pytest.mark.parametrize("name", ["zero\0byte.wav", "folder"])
def test_what_is_no_file_is_named(tmp_path, name):
    (tmp_path / "folder").mkdir()
    with pytest.raises(RecordingError, match="cannot be read"):
        decode(tmp_path / name, LIMITS)
