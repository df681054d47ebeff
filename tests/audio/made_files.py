"""Recordings in every form that can be made here, and ways to break them."""

import io

import av
import numpy as np
import soundfile

RATE = 16_000
FORMS = (
    "WAV/PCM_16", "WAV/PCM_24", "WAV/FLOAT", "WAV/ULAW", "WAV/IMA_ADPCM", "WAV/MS_ADPCM",
    "WAV/GSM610", "WAV/G721_32", "WAV/NMS_ADPCM_32", "FLAC/PCM_16", "OGG/VORBIS", "OGG/OPUS",
    "MP3/CONSTANT", "MP3/VARIABLE", "AIFF/PCM_16", "AU/G721_32", "CAF/ALAC_16", "W64/PCM_16",
)  # fmt: skip


def wave(seconds: float = 4.0, pitch: float = 180.0, loudness: float = 0.3) -> np.ndarray:
    """A tone that swells and fades as syllables do."""
    time = np.arange(int(seconds * RATE)) / RATE
    swell = np.abs(np.sin(4 * np.pi * time))
    return (loudness * np.sin(2 * np.pi * pitch * time) * swell).astype(np.float32)


def encoded(samples: np.ndarray, form: str = "WAV/PCM_16", rate: int = RATE) -> bytes:
    """A file of one of `FORMS`."""
    kind, subtype = form.split("/")
    file = io.BytesIO()
    if kind == "MP3":
        # With a bit rate mode comes the header that tells the length.
        more = {"bitrate_mode": subtype, "compression_level": 0.5}
        soundfile.write(file, samples, rate, format=kind, **more)
    else:
        soundfile.write(file, samples, rate, format=kind, subtype=subtype)
    return file.getvalue()


def by_ffmpeg(samples: np.ndarray, container: str, codec: str, rate: int = RATE) -> bytes:
    """A file as FFmpeg writes it."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate, layout="mono")
        ints = (samples * 32767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(ints, format="s16", layout="mono")
        frame.sample_rate = rate
        resampler = av.AudioResampler(
            stream.format, stream.layout, rate, frame_size=stream.frame_size
        )
        for part in [*resampler.resample(frame), *resampler.resample(None), None]:
            output.mux(stream.encode(part))
    return file.getvalue()
