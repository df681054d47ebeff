"""Recordings from callers: decoded block by block within bounds, and brought to one form."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from mynah.errors import OptionError, RecordingError
from mynah.voice import flac
from mynah.voice.recording import read_recording

SAMPLE_RATE = 32_000
CONTENT_TYPE = "audio/flac"

_FORMATS = {"WAV": "wav", "WAVEX": "wav", "MP3": "mp3", "MPEG": "mp3", "FLAC": "flac", "OGG": "ogg"}
_LARGEST_BLOCK = 1 << 20
_RATES = (8_000, 192_000)
_MOST_CHANNELS = 8


@dataclass(frozen=True, slots=True)
class UploadRules:
    """What a recording may be.

    Attributes:
        kinds: of `wav`, `mp3`, `flac` and `ogg`.
        bytes: as it arrives.
        seconds: duration.
    """

    kinds: Sequence[str]
    bytes: int
    seconds: float

    def __post_init__(self) -> None:
        """Refuses kinds that cannot be read.

        Raises:
            OptionError: naming one.
        """
        for kind in self.kinds:
            if kind not in _FORMATS.values():
                raise OptionError(f"Unknown kind of recording {kind}; use wav, mp3, flac or ogg.")


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording that was checked.

    Attributes:
        flac: mono at 32 kHz.
        seconds: of speech, without the silence around it.
    """

    flac: bytes
    seconds: float


def admit(data: bytes, rules: UploadRules) -> Clip:
    """Decodes, checks and re-encodes a recording.

    No more is ever decoded than the rules allow, whatever the file's header says.

    Raises:
        RecordingError: it is not within the rules, or no clear speech.
    """
    if len(data) > rules.bytes:
        raise RecordingError(
            f"A recording is larger than {rules.bytes >> 20} MiB; cut it or send it as MP3."
        )
    samples = _decode(data, rules)
    encoded = io.BytesIO()
    soundfile.write(encoded, samples, SAMPLE_RATE, format="FLAC")
    flac = encoded.getvalue()
    return Clip(flac, read_recording(flac).seconds)


def _decode(data: bytes, rules: UploadRules) -> NDArray[np.float32]:
    kinds = ", ".join(kind.upper() for kind in rules.kinds)
    try:
        with soundfile.SoundFile(io.BytesIO(flac.closed(data))) as file:
            if _FORMATS.get(file.format) not in rules.kinds:
                raise RecordingError(
                    f"Recordings of kind {file.format} are not taken; send {kinds}."
                )
            return np.concatenate(list(_at_one_rate(file, rules.seconds)))
    except soundfile.LibsndfileError:
        raise RecordingError(f"A recording is not audio that can be read; send {kinds}.") from None


def _at_one_rate(file: soundfile.SoundFile, seconds: float) -> Iterator[NDArray[np.float32]]:
    rate, channels = file.samplerate, file.channels
    if not _RATES[0] <= rate <= _RATES[1] or channels > _MOST_CHANNELS:
        raise RecordingError(
            f"A recording has {channels} channels at {rate} Hz; send mono at 32 kHz."
        )
    stream = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")
    frames = 0
    for block in file.blocks(_LARGEST_BLOCK // channels, dtype="float32", always_2d=True):
        frames += len(block)
        if frames > seconds * rate:
            raise RecordingError(
                f"A recording lasts more than {seconds:g} s; send a shorter part of it."
            )
        yield stream.resample_chunk(block.mean(axis=1))
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)
    if frames < 0.98 * file.frames:
        raise RecordingError("A recording breaks off before its end; copy the file again.")
