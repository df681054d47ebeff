"""The decoder of recordings: untrusted files become samples here, within limits.

A file is judged by its header before anything of it is decoded, then decoded block by block, and
only samples that the decoder counted as read leave this module. Bytes of any kind give a
`Recording` or a `RecordingError`.
"""

import math
from collections.abc import Collection, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from io import BufferedIOBase, BytesIO
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mynah.audio import flac
from mynah.audio.kinds import CONTAINERS, kind_of
from mynah.audio.recording import Recording
from mynah.errors import RecordingError

RATES = (8_000, 192_000)
MOST_CHANNELS = 8
MOST_SAMPLES = 2 * 96_000 * 300
"""Of all channels together: five minutes in stereo at 96 kHz, ten at 48 kHz."""
LOUDEST_PEAK = 10 ** (20 / 20)
COMPLETE_SHARE = 0.98
_BLOCK_SAMPLES = 1 << 16
# Time to decode a sample, relative to FLAC's, where it is much more.
_COSTS = {
    "OPUS": 2, "opus": 2, "aac": 2, "alac": 4, "amrnb": 8, "amrwb": 8,
    "IMA_ADPCM": 2, "MS_ADPCM": 2, "VOX_ADPCM": 2,
    "ALAC_16": 4, "ALAC_20": 4, "ALAC_24": 4, "ALAC_32": 4,
    "GSM610": 8, "NMS_ADPCM_16": 8, "NMS_ADPCM_24": 8, "NMS_ADPCM_32": 8,
    "G721_32": 24, "G723_24": 24, "G723_40": 24,
}  # fmt: skip
_OPUS_RATE = 48_000


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """Allowed kinds, of `mynah.audio.kinds.KINDS`, and longest duration of recordings."""

    kinds: Collection[str]
    seconds: float


class AudioDecoder(Protocol):
    """An opened file; see `libsndfile.SoundStream` and `containers.ContainerStream`."""

    @property
    def samplerate(self) -> int:
        """In hertz."""
        ...

    @property
    def channels(self) -> int:
        """Of each frame."""
        ...

    @property
    def frames(self) -> int | None:
        """The length as the header tells it; None if it does not."""
        ...

    @property
    def subtype(self) -> str:
        """The library's name of the encoding."""
        ...

    def read_into(self, block: NDArray[np.float32]) -> int:
        """Decode into the beginning of a block (frames, channels); 0 at the end."""
        ...


def decode(
    source: Path | bytes, limits: DecodeLimits, *, sample_rate: int | None = None
) -> Recording:
    """Decode a recording to mono, at its own rate or at the one asked for in Hz.

    A file that breaks off is refused if its header tells its length, as in FLAC and in an MP3
    with a Xing or Info header. Without one, and in WAV, it is read as far as it goes; an MP3 of
    varying bit rate without one is read as far as the rate of its first frame suggests. A FLAC
    may leave its length open.

    Raises:
        RecordingError: not audio, of another kind, truncated, too long, or not finite.
    """
    with _opened(source) as file:
        kind = kind_of(file)
        if kind is None:
            raise RecordingError(
                f"The recording is not audio that can be read; use {_names(limits)}."
            )
        if kind not in limits.kinds:
            raise RecordingError(
                f"Recordings of kind {kind.upper()} are not taken; use {_names(limits)}."
            )
        with _stream(file, kind) as stream:
            _check_declared(stream, limits)
            rate = sample_rate or stream.samplerate
            blocks = _resampled(_mono_blocks(stream, limits), stream.samplerate, rate)
            # The margin is for what a resampler rounds up.
            seconds = limits.seconds if stream.frames is None else _seconds(stream)
            return Recording(_joined(blocks, math.ceil(seconds * rate) + rate), rate)


@contextmanager
def _opened(source: Path | bytes) -> Iterator[BufferedIOBase]:
    if isinstance(source, bytes):
        yield BytesIO(source)
        return
    try:
        file = source.open("rb")
        if not file.seekable():
            file.close()
            raise RecordingError(f"{source} is no file; give the path of a recording.")
    except (OSError, ValueError) as error:  # a ValueError if the path has a zero byte
        reason = getattr(error, "strerror", None) or error
        raise RecordingError(
            f"{source} cannot be read ({reason}); give the path of a recording."
        ) from None
    with file:
        yield file


def _stream(file: BufferedIOBase, kind: str) -> AbstractContextManager[AudioDecoder]:
    """The decoder of a kind; its library takes a while to load."""
    if kind in CONTAINERS:
        from mynah.audio.containers import ContainerStream  # noqa: PLC0415

        return ContainerStream(file, kind)
    from mynah.audio.libsndfile import SoundStream, Source  # noqa: PLC0415

    return SoundStream(Source(file, flac.closed_header(file)))


def _check_declared(stream: AudioDecoder, limits: DecodeLimits) -> None:
    """Refuse by its header a file that would take long to decode; a small one can hold hours."""
    rate, channels, frames = stream.samplerate, stream.channels, stream.frames or 0
    in_range = RATES[0] <= rate <= RATES[1] and 1 <= channels <= MOST_CHANNELS
    if rate > 0 and frames > limits.seconds * rate:
        raise _too_long(limits, frames / rate)
    if not in_range or _cost(stream) > MOST_SAMPLES:
        raise RecordingError(
            f"The recording has {channels} channels at {rate} Hz; "
            "export it in mono at 16,000 to 48,000 Hz."
        )


def _cost(stream: AudioDecoder) -> float:
    """The number of FLAC samples that take as long to decode."""
    # Opus decodes at one rate, whatever its header asks for.
    rate = _OPUS_RATE if stream.subtype == "OPUS" else stream.samplerate
    return _seconds(stream) * rate * stream.channels * _COSTS.get(stream.subtype, 1)


def _seconds(stream: AudioDecoder) -> float:
    """Duration as the header tells it; 0 if it does not."""
    return (stream.frames or 0) / stream.samplerate


def _mono_blocks(stream: AudioDecoder, limits: DecodeLimits) -> Iterator[NDArray[np.float32]]:
    block = np.zeros((_BLOCK_SAMPLES // stream.channels, stream.channels), np.float32)
    frames = 0
    while count := stream.read_into(block):
        frames += count
        if frames > limits.seconds * stream.samplerate:
            raise _too_long(limits)
        yield _mono(block[:count])
    if frames < COMPLETE_SHARE * (stream.frames or 0):
        raise RecordingError(
            f"The recording breaks off after {frames / stream.samplerate:.1f} of "
            f"{_seconds(stream):.1f} s; copy the file again."
        )


def _mono(block: NDArray[np.float32]) -> NDArray[np.float32]:
    if not (block.max() <= LOUDEST_PEAK and block.min() >= -LOUDEST_PEAK):
        raise RecordingError(
            "The recording holds samples that are not numbers or far beyond full scale; "
            "export it again with 16 bits."
        )
    mono = block[:, 0].copy()
    for channel in range(1, block.shape[1]):
        mono += block[:, channel]
    mono /= block.shape[1]
    return mono


def _resampled(
    blocks: Iterable[NDArray[np.float32]], rate: int, wanted: int
) -> Iterator[NDArray[np.float32]]:
    if rate == wanted:
        yield from blocks
        return
    import soxr  # noqa: PLC0415  # a machine that only computes reads no files

    stream = soxr.ResampleStream(rate, wanted, 1, dtype="float32")
    for block in blocks:
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


def _joined(blocks: Iterable[NDArray[np.float32]], most: int) -> NDArray[np.float32]:
    # The system allocates zeros page by page as they are filled: a false header costs no memory.
    samples, count = np.zeros(most, np.float32), 0
    for block in blocks:
        samples[count : count + len(block)] = block[: most - count]
        count += len(block)
    return samples[:count]


def _too_long(limits: DecodeLimits, seconds: float | None = None) -> RecordingError:
    detail = (
        f": {seconds / 60:.0f} minutes and at most {limits.seconds / 60:.0f} are read"
        if seconds and limits.seconds >= 60
        else ""
    )
    return RecordingError(
        f"The recording lasts more than {limits.seconds:g} s{detail}; use a shorter part of it."
    )


def _names(limits: DecodeLimits) -> str:
    return ", ".join(kind.upper() for kind in limits.kinds)
