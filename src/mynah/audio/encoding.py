"""Streaming audio encoders: output is playable from the first byte to the last."""

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

import av
import numpy as np
from numpy.typing import NDArray

from mynah.audio import flac

if TYPE_CHECKING:
    from typing_extensions import Buffer

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """Encoding of audio.

    Attributes:
        kind: `wav`, `pcm`, `mp3`, `opus` (in Ogg), `webm` (Opus in WebM), `flac`, `aac`, `ulaw` or
            `alaw`.
        sample_rate: samples per second; None keeps the model's where the kind can.
        bit_rate: of mp3, opus, webm and aac, in bits per second.
    """

    kind: str
    sample_rate: int | None = None
    bit_rate: int = 64_000

    @property
    def media_type(self) -> str:
        """The value of `Content-Type`."""
        return _MEDIA_TYPES[self.kind]

    def encoder(self, sample_rate: int) -> "Encoder":
        """Return an encoder of one stream of samples at `sample_rate`."""
        if self.kind == "pcm":
            return PcmEncoder(sample_rate, self.sample_rate or sample_rate)
        if self.kind == "wav":
            return WavEncoder(sample_rate, self.sample_rate or sample_rate)
        return CodecEncoder(self, sample_rate)


class Encoder(Protocol):
    """Encoder of one stream; the bytes of all calls in order are the file."""

    @property
    def quick(self) -> bool:
        """True if a switch of threads takes longer than encoding."""

    def header(self) -> bytes:
        """Return the bytes before any audio; call it first."""

    def encode(self, samples: Samples) -> bytes:
        """Encode mono samples between -1 and 1; the bytes may come with a later call."""

    def finish(self) -> bytes:
        """Return the remaining bytes; call it last."""


class PcmEncoder:
    """Bare samples: signed, 16 bits, little-endian, mono."""

    quick = True

    def __init__(self, source_rate: int, sample_rate: int) -> None:
        self._source_rate = source_rate
        # Creating a resampler takes longer than all the rest.
        other = sample_rate != source_rate
        self._resampler = av.AudioResampler("flt", "mono", sample_rate) if other else None

    def header(self) -> bytes:
        """Return no bytes."""
        return b""

    def encode(self, samples: Samples) -> bytes:
        if self._resampler is None:
            return _bytes(samples)
        return _joined(self._resampler.resample(_frame(samples, self._source_rate)))

    def finish(self) -> bytes:
        return _joined(self._resampler.resample(None)) if self._resampler else b""


class WavEncoder(PcmEncoder):
    """PCM after a header that leaves the length open, as streams have it."""

    def __init__(self, source_rate: int, sample_rate: int) -> None:
        super().__init__(source_rate, sample_rate)
        self._sample_rate = sample_rate

    def header(self) -> bytes:
        """Return RIFF and format headers; both lengths are the largest there is."""
        form = struct.pack("<HHIIHH", 1, 1, self._sample_rate, self._sample_rate * 2, 2, 16)
        return (
            b"RIFF" + _OPEN + b"WAVE" + b"fmt " + struct.pack("<I", len(form)) + form
            + b"data" + _OPEN
        )  # fmt: skip


def with_length(whole: bytes, seconds: float) -> bytes:
    """Set the length in the header of a whole file, where a stream leaves it open."""
    if whole.startswith(b"RIFF"):
        riff, data = (struct.pack("<I", len(whole) - before) for before in (8, _WAV_HEADER))
        return whole[:4] + riff + whole[8 : _WAV_HEADER - 4] + data + whole[_WAV_HEADER:]
    if whole.startswith(b"fLaC"):
        return flac.set_length(whole, round(seconds * flac.rate_of(whole)))
    if whole.startswith(_EBML):
        return _indexed(whole)
    return whole


def _indexed(stream: bytes) -> bytes:
    """A WebM of the same packets with a length and cues, so that players can seek."""
    file = io.BytesIO()
    with (
        av.open(io.BytesIO(stream), "r") as source,
        av.open(file, "w", format="webm", options={"cluster_time_limit": "1000"}) as container,
    ):
        track = container.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(audio=0):
            if packet.dts is not None:  # the last one only flushes
                packet.stream = track
                container.mux(packet)
    return file.getvalue()


class CodecEncoder:
    """Encoder of the compressed formats, each in its usual container, by FFmpeg."""

    quick = False

    def __init__(self, form: AudioFormat, source_rate: int) -> None:
        container, codec, options = _CODECS[form.kind]
        self._sink = _Sink()
        self._container = av.open(self._sink, "w", format=container, options=options)
        # Opus has five rates of its own, of which 48 kHz is the one that players expect.
        rate = form.sample_rate or (48_000 if codec == "libopus" else source_rate)
        self._stream = cast(
            av.AudioStream, self._container.add_stream(codec, rate=rate, layout="mono")
        )
        self._stream.bit_rate = form.bit_rate
        self._source_rate = source_rate
        self._position = 0

    def header(self) -> bytes:
        self._container.start_encoding()
        return self._sink.drain()

    def encode(self, samples: Samples) -> bytes:
        frame = _frame(samples, self._source_rate)
        frame.pts = self._position
        self._position += len(samples)
        self._container.mux(self._stream.encode(frame))
        return self._sink.drain()

    def finish(self) -> bytes:
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._sink.drain()


class _Sink(io.RawIOBase):
    """Unseekable file that buffers FFmpeg's output."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: "Buffer") -> int:
        size = len(self._written)
        self._written += data
        return len(self._written) - size

    def drain(self) -> bytes:
        """Return the bytes written since the last call."""
        drained = bytes(self._written)
        self._written.clear()
        return drained


_FULL_SCALE = 1 << 15
_OPEN = b"\xff\xff\xff\xff"
_WAV_HEADER = 44
_EBML = b"\x1aE\xdf\xa3"
_FLUSHED = {"flush_packets": "1"}
_CODECS: dict[str, tuple[str, str, dict[str, str]]] = {
    "mp3": ("mp3", "libmp3lame", {"write_xing": "0", **_FLUSHED}),
    # A page of a fifth of a second, so that streams start soon; FFmpeg's own are of one second.
    "opus": ("ogg", "libopus", {"page_duration": "200000", **_FLUSHED}),
    # A cluster of a fifth of a second. MediaSource takes WebM, and no Ogg.
    "webm": ("webm", "libopus", {"live": "1", "cluster_time_limit": "200", **_FLUSHED}),
    "aac": ("adts", "aac", _FLUSHED),
    "flac": ("flac", "flac", _FLUSHED),
    # G.711 without a container, as telephony has it.
    "ulaw": ("mulaw", "pcm_mulaw", _FLUSHED),
    "alaw": ("alaw", "pcm_alaw", _FLUSHED),
}
_MEDIA_TYPES = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "webm": "audio/webm",
    "flac": "audio/flac",
    "aac": "audio/aac",
    "pcm": "audio/pcm",
    "ulaw": "audio/basic",
    "alaw": "audio/x-alaw-basic",
}


def _frame(samples: Samples, rate: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(samples[None], "flt", "mono")
    frame.sample_rate = rate
    return frame


def _joined(frames: Sequence[av.AudioFrame]) -> bytes:
    return b"".join(_bytes(cast(Samples, frame.to_ndarray())) for frame in frames)


def _bytes(samples: Samples) -> bytes:
    scaled = np.rint(samples * np.float32(_FULL_SCALE))
    return scaled.clip(-_FULL_SCALE, _FULL_SCALE - 1).astype("<i2").tobytes()
