"""FLAC whose header leaves its length open, as FFmpeg writes it to a pipe.

The specification (RFC 9639, section 8.2) allows that, but libsndfile takes such a file to be
without end. Once its header has the length, libsndfile reads it like any other.
"""

from io import BufferedIOBase

from mynah.errors import RecordingError

HEADER = 42
"""Bytes until the end of the first block, which is STREAMINFO."""
_BEGINNING = b"fLaC\x00\x00\x00\x22", b"fLaC\x80\x00\x00\x22"
# STREAMINFO's 20 bits of rate, 3 of channels, 5 of sample size, 36 of samples.
_FACTS = slice(18, 26)
_SAMPLES = (1 << 36) - 1
_MOST_FRAMES = 1 << 18
"""Encoders put 576 samples and more into a frame: two hours of these at 16 kHz have 200,000."""


def has_open_length(header: bytes) -> bool:
    """True if a file that begins so is FLAC of open length."""
    return (
        header.startswith(_BEGINNING)
        and len(header) >= HEADER
        and int.from_bytes(header[_FACTS]) & _SAMPLES == 0
    )


def closed_header(file: BufferedIOBase) -> bytes:
    """The header of a FLAC of open length with the length filled in; empty for any other file.

    Its frames are counted, not decoded. The file is left at its beginning.

    Raises:
        RecordingError: it has none, or too many.
    """
    header = file.read(HEADER)
    file.seek(0)
    if not has_open_length(header):
        return b""
    samples = _count(file)
    file.seek(0)
    if not 0 < samples <= _SAMPLES:
        raise RecordingError(
            "The FLAC tells no length, and its frames cannot be counted; export it again."
        )
    return set_length(header, samples)


def set_length(data: bytes, samples: int) -> bytes:
    """Set the number of samples in the header of a file of open length."""
    facts = int.from_bytes(data[_FACTS]) | samples
    return data[: _FACTS.start] + facts.to_bytes(8) + data[_FACTS.stop :]


def rate_of(header: bytes) -> int:
    """Samples per second."""
    return int.from_bytes(header[_FACTS]) >> 44


def _count(file: BufferedIOBase) -> int:
    import av  # noqa: PLC0415 - heavy, and seldom needed

    samples = 0
    try:
        with av.open(file, "r", format="flac") as container:
            for number, packet in enumerate(container.demux(audio=0)):
                if number > _MOST_FRAMES:
                    return 0
                samples += packet.duration or 0
    except (av.FFmpegError, IndexError, ValueError):
        return 0
    return samples
