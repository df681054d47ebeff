"""FLAC whose header leaves its length open, as FFmpeg writes it to a pipe.

The specification (RFC 9639, section 8.2) allows that, and libsndfile takes such a file to be
without end. Once its header tells the length, libsndfile reads it like any other.
"""

import io

from mynah.errors import RecordingError

HEADER = 42
"""Bytes until the end of the first block, which is STREAMINFO."""
_BEGINNING = b"fLaC\x00\x00\x00\x22", b"fLaC\x80\x00\x00\x22"
# STREAMINFO's 20 bits of rate, 3 of channels, 5 of sample size, 36 of samples.
_FACTS = slice(18, 26)
_SAMPLES = (1 << 36) - 1


def is_open(header: bytes) -> bool:
    """Whether a file that begins so is FLAC of open length."""
    return (
        header.startswith(_BEGINNING)
        and len(header) >= HEADER
        and int.from_bytes(header[_FACTS]) & _SAMPLES == 0
    )


def closed(data: bytes) -> bytes:
    """A file with its length in the header if it is FLAC of open length, else the file as it is.

    Its frames are counted, not decoded.

    Raises:
        RecordingError: it has none.
    """
    if not is_open(data):
        return data
    samples = _count(data)
    if not 0 < samples <= _SAMPLES:
        raise RecordingError("The FLAC tells no length and holds no sound; export it again.")
    return with_samples(data, samples)


def with_samples(data: bytes, samples: int) -> bytes:
    """A file of open length whose header now tells how many samples it has."""
    facts = int.from_bytes(data[_FACTS]) | samples
    return data[: _FACTS.start] + facts.to_bytes(8) + data[_FACTS.stop :]


def rate_of(header: bytes) -> int:
    """Samples per second."""
    return int.from_bytes(header[_FACTS]) >> 44


def _count(data: bytes) -> int:
    import av  # noqa: PLC0415 - heavy, and seldom needed

    try:
        with av.open(io.BytesIO(data), "r", format="flac") as container:
            return sum(packet.duration or 0 for packet in container.demux(audio=0))
    except (av.FFmpegError, IndexError):
        return 0
