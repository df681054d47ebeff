"""Recordings: what is read, what it becomes, and what is refused with which words."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from mynah.audio import flac
from mynah.audio.encoding import AudioFormat
from mynah.errors import RecordingError
from mynah.voice.recording import LONGEST_SECONDS, read_recording
from mynah.voice.samples import samples


def speechlike(seconds: float, rate: int, level: float = 0.3) -> np.ndarray:
    """A tone that swells and fades as syllables do."""
    time = np.arange(int(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * 180 * time) * np.abs(np.sin(2 * np.pi * 2 * time))).astype(
        np.float32
    )


def encoded(samples: np.ndarray, rate: int, kind: str, subtype: str | None = None) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=kind, subtype=subtype)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3"])
@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_every_kind_of_file_gives_the_same_sound(kind: str, rate: int) -> None:
    wave = speechlike(4.0, rate)
    recording = read_recording(encoded(wave, rate, kind))
    assert recording.sample_rate == rate
    assert recording.seconds == pytest.approx(4.0, abs=0.15)
    assert np.abs(recording.samples).max() == pytest.approx(0.3, abs=0.03)


def test_stereo_becomes_mono() -> None:
    wave = speechlike(3.0, 16_000)
    recording = read_recording(encoded(np.stack([wave, wave * 0.5], axis=1), 16_000, "WAV"))
    assert recording.samples.ndim == 1
    assert np.abs(recording.samples).max() == pytest.approx(0.225, abs=0.01)


def test_silence_at_the_ends_is_trimmed() -> None:
    silence = np.zeros(16_000, np.float32)
    wave = np.concatenate([silence, speechlike(3.0, 16_000), silence])
    recording = read_recording(encoded(wave, 16_000, "WAV"))
    assert recording.seconds == pytest.approx(3.2, abs=0.1)


def test_resampling_keeps_duration_and_pitch() -> None:
    recording = read_recording(encoded(speechlike(3.0, 44_100), 44_100, "WAV")).at(32_000)
    spectrum = np.abs(np.fft.rfft(recording.samples))
    peak = np.argmax(spectrum) / recording.seconds
    assert recording.seconds == pytest.approx(3.0, abs=0.15)
    assert peak == pytest.approx(180, abs=5)


@pytest.mark.parametrize(
    ("wave", "said"),
    [
        (np.zeros(0, np.float32), "no sound"),
        (np.zeros(48_000, np.float32), "silent"),
        (speechlike(1.0, 16_000), "1.0 s of speech"),
        (np.sign(speechlike(4.0, 16_000)).astype(np.float32), "clipped"),
        (np.full(64_000, np.nan, np.float32), "not numbers"),
        (np.append(speechlike(4.0, 16_000), np.float32(np.inf)), "not numbers"),
        (np.append(speechlike(4.0, 16_000), np.float32(1e30)), "beyond full scale"),
        (speechlike(LONGEST_SECONDS + 1, 8_000), "minutes"),
    ],
    ids=["empty", "silence", "short", "clipped", "nan", "infinite", "huge", "long"],
)
def test_what_is_no_speech_is_refused(wave: np.ndarray, said: str) -> None:
    rate = 8_000 if len(wave) > 4_000_000 else 16_000
    with pytest.raises(RecordingError, match=said):
        read_recording(encoded(wave, rate, "WAV", "FLOAT"))


def test_a_file_that_breaks_off_is_refused() -> None:
    whole = encoded(speechlike(6.0, 16_000), 16_000, "WAV")
    with pytest.raises(RecordingError, match="breaks off|not audio|only"):
        read_recording(encoded(speechlike(6.0, 16_000), 16_000, "FLAC")[: len(whole) // 8])


def mp3(bitrate_mode: str, *, with_length: bool) -> bytes:
    """Six seconds as an MP3, whose first frame may tell its length."""
    file = io.BytesIO()
    wave = speechlike(6.0, 16_000)
    settings = {"bitrate_mode": bitrate_mode, "compression_level": 0.5}
    soundfile.write(file, wave, 16_000, format="MP3", **settings)
    data = file.getvalue()
    return data if with_length else data[data.index(data[:2], 2) :]


@pytest.mark.parametrize("bitrate_mode", ["CONSTANT", "VARIABLE"])
def test_an_mp3_that_breaks_off_before_the_length_it_tells_is_refused(bitrate_mode: str) -> None:
    whole = mp3(bitrate_mode, with_length=True)
    assert read_recording(whole).seconds == pytest.approx(6.0, abs=0.1)
    for share in (0.5, 0.9):
        with pytest.raises(RecordingError, match=r"breaks off after .* copy the file again"):
            read_recording(whole[: int(share * len(whole))])


def test_an_mp3_without_a_length_is_read_as_far_as_it_goes() -> None:
    whole = mp3("CONSTANT", with_length=False)
    assert read_recording(whole).seconds == pytest.approx(6.0, abs=0.2)
    assert read_recording(whole[: len(whole) // 2]).seconds == pytest.approx(3.0, abs=0.2)
    with pytest.raises(RecordingError, match="only|breaks off"):
        read_recording(whole[: len(whole) // 5])


def open_flac(wave: np.ndarray, rate: int) -> bytes:
    """FLAC as FFmpeg writes it to a pipe, where it cannot go back to tell the length."""
    encoder = AudioFormat("flac").encoder(rate)
    data = encoder.header() + encoder.encode(wave) + encoder.finish()
    assert flac.has_open_length(data)
    return data


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_a_flac_of_open_length_is_read_whole(rate: int, tmp_path: Path) -> None:
    wave = speechlike(4.0, rate)
    data = open_flac(wave, rate)
    (tmp_path / "piped.flac").write_bytes(data)
    whole = read_recording(encoded(wave, rate, "FLAC")).samples
    for source in (data, tmp_path / "piped.flac"):
        assert np.allclose(read_recording(source).samples, whole, atol=1e-4)


def test_a_flac_of_open_length_that_is_damaged_is_refused() -> None:
    data = open_flac(speechlike(4.0, 16_000), 16_000)
    for part in (data[: flac.HEADER], data[: len(data) // 2], data[: flac.HEADER] + b"noise" * 99):
        with pytest.raises(RecordingError):
            read_recording(part)


def three_hours_of_open_flac(path: Path) -> None:
    path.write_bytes(open_flac(np.zeros(3 * 3600 * 8_000, np.float32), 8_000))


def three_hours_of_wav(path: Path) -> None:
    path.write_bytes(encoded(np.zeros(0, np.float32), 16_000, "WAV"))
    with path.open("r+b") as file:
        size = 3 * 3600 * 16_000 * 2
        file.truncate(44 + size)  # a hole, which takes no room
        file.seek(4)
        file.write((36 + size).to_bytes(4, "little"))
        file.seek(40)
        file.write(size.to_bytes(4, "little"))


def three_hours_of_mp3(path: Path) -> None:
    path.write_bytes(mp3("CONSTANT", with_length=False) * 1800)


@pytest.mark.parametrize(
    "write", [three_hours_of_wav, three_hours_of_mp3, three_hours_of_open_flac]
)
def test_three_hours_are_refused_without_decoding_them(
    write: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "long")
    monkeypatch.setattr(soundfile.SoundFile, "read", lambda *_, **__: pytest.fail("decoded"))
    with pytest.raises(RecordingError, match=r"18\d minutes and at most 10"):
        read_recording(tmp_path / "long")


@pytest.mark.parametrize(("rate", "channels"), [(1_000, 1), (384_000, 8)])
def test_a_rate_and_channels_of_no_voice_are_refused(rate: int, channels: int) -> None:
    frames = np.zeros((20 * rate, channels), np.float32)
    with pytest.raises(RecordingError, match=f"{channels} channels at {rate} Hz; export"):
        read_recording(encoded(frames, rate, "FLAC"))


@pytest.mark.parametrize("name", ["text.wav", "text.mp3", "text.raw", "text"])
def test_a_file_that_is_not_audio_is_refused_whatever_its_name(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("I am no sound. " * 1000)
    with pytest.raises(RecordingError, match="not audio"):
        read_recording(tmp_path / name)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"gone\.wav"):
        read_recording(tmp_path / "gone.wav")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(RecordingError):
        read_recording(data)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 3_000), st.binary(min_size=1, max_size=40))
def test_damaged_files_are_refused_or_read_whole(place: int, noise: bytes) -> None:
    data = bytearray(encoded(speechlike(2.5, 8_000), 8_000, "FLAC"))
    data[place : place + len(noise)] = noise
    try:
        recording = read_recording(bytes(data))
    except RecordingError:
        return
    assert np.isfinite(recording.samples).all()


def test_the_bundled_recordings_are_fit_to_be_prompts() -> None:
    assert {sample.language for sample in samples()} == {"zh", "en"}
    for sample in samples():
        voice = sample.voice()
        assert 3.0 <= voice.recordings[0].seconds <= 10.0
        assert voice.texts
