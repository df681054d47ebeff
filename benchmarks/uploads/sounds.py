"""Sounds that can be told apart, and recordings of them in sixteen formats."""

import io
from typing import cast

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

RATE = 16_000
FORMATS = (
    "WAV/PCM_16", "WAV/PCM_24", "WAV/FLOAT", "WAV/ULAW", "WAV/IMA_ADPCM", "WAV/MS_ADPCM",
    "WAV/GSM610", "WAV/G721_32", "WAV/NMS_ADPCM_32", "FLAC/PCM_16", "OGG/VORBIS", "OGG/OPUS",
    "MP3/CONSTANT", "MP3/VARIABLE", "MP4/AAC", "WEBM/LIBOPUS",
)  # fmt: skip
_CHUNK = 4_800
_ALIKE = 0.5
"""Correlation of 0.15 s; that of unrelated noise is below 0.1."""


def noise(seed: int, seconds: float) -> NDArray[np.float32]:
    """Noise in syllables, unlike that of any other seed."""
    chance = np.random.default_rng(seed)
    time = np.arange(int(seconds * RATE)) / RATE
    swell = np.abs(np.sin(2 * np.pi * 2 * time))
    return (0.2 * swell * chance.standard_normal(len(time))).clip(-1, 1).astype(np.float32)


def encoded(samples: NDArray[np.float32], form: str, rate: int = RATE) -> bytes:
    """A file of one of `FORMATS`."""
    kind, subtype = form.split("/")
    if kind in ("MP4", "WEBM"):
        return _by_ffmpeg(samples, kind.lower(), subtype.lower(), rate)
    mp3 = {"bitrate_mode": subtype, "compression_level": 0.5}
    more = mp3 if kind == "MP3" else {"subtype": subtype}
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=kind, **more)
    return file.getvalue()


def _by_ffmpeg(samples: NDArray[np.float32], container: str, codec: str, rate: int) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = cast(av.AudioStream, output.add_stream(codec, rate=rate, layout="mono"))
        frame = av.AudioFrame.from_ndarray((samples * 32767).astype(np.int16)[None], "s16", "mono")
        frame.sample_rate = rate
        resampler = av.AudioResampler(stream.format, "mono", rate, frame_size=stream.frame_size)
        for part in [*resampler.resample(frame), *resampler.resample(None), None]:
            output.mux(stream.encode(part))
    return file.getvalue()


def is_heard(marker: NDArray[np.float32], sound: NDArray[np.float32]) -> bool:
    """Tell if any 0.15 s of a marker, at the same rate as the sound, can be found in it."""
    if len(sound) < 2 * _CHUNK:
        return False
    size = 1 << (len(sound) + _CHUNK).bit_length()
    spectrum = np.fft.rfft(sound, size)
    energy = np.cumsum(np.concatenate([[0.0], np.square(sound, dtype=np.float64)]))
    local = np.sqrt(np.maximum(energy[_CHUNK:] - energy[:-_CHUNK], 1e-6))
    for start in range(0, len(marker) - _CHUNK, _CHUNK):
        chunk = marker[start : start + _CHUNK]
        product = np.fft.irfft(spectrum * np.conj(np.fft.rfft(chunk, size)), size)
        if np.abs(product[: len(local)] / local).max() > _ALIKE * np.linalg.norm(chunk):
            return True
    return False
