"""libsndfile as a decoder of untrusted bytes, read once from beginning to end."""

import io

import numpy as np
import soundfile
from numpy.typing import NDArray

from mynah.errors import RecordingError

# Its own error is a RuntimeError; the others are what its binding raises on bad headers.
_FAILURES = (
    RuntimeError, TypeError, ValueError, ArithmeticError, LookupError, AssertionError, EOFError,
    SystemError, MemoryError, OSError,
)  # fmt: skip
_UNREADABLE = "The recording is not audio that can be read; export it as WAV with 16 bits."


class Source:
    """A file for libsndfile's callbacks, with a replaced header if one is given.

    Callbacks cannot raise, and a bad header makes them seek anywhere.
    """

    def __init__(self, file: io.BufferedIOBase, header: bytes) -> None:
        self._file, self._header = file, header

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Seek; keep the position if the target is invalid."""
        try:
            return self._file.seek(offset, whence)
        except (OSError, ValueError, OverflowError):
            return self._file.tell()

    def tell(self) -> int:
        """The position of the next byte."""
        return self._file.tell()

    def readinto(self, buffer: memoryview) -> int:
        """Fill the beginning of a buffer and return the number of bytes."""
        start = self._file.tell()
        count = self._file.readinto(buffer)
        replaced = self._header[start : start + count]
        buffer[: len(replaced)] = replaced
        return count


class _Unseekable(soundfile.SoundFile):  # type: ignore[misc]  # it has no types
    """File in which the binding does not seek.

    It would after every read: in MP3 that breaks the sound at each block, and codecs without
    seeking (GSM 6.10, G.721, NMS ADPCM) fail.
    """

    def seekable(self) -> bool:
        return False


class SoundStream:
    """Samples of a file in the order in which it holds them.

    Attributes:
        samplerate: in hertz, as the header tells it.
        channels: likewise.
        frames: likewise; for some files an estimate.
        subtype: libsndfile's name of the encoding.
    """

    def __init__(self, source: Source) -> None:
        """Read the header.

        Raises:
            RecordingError: it has none that is known.
        """
        try:
            self._file = _Unseekable(source)
            self.samplerate, self.channels = self._file.samplerate, self._file.channels
            self.frames, self.subtype = self._file.frames, self._file.subtype
        except _FAILURES:
            raise RecordingError(_UNREADABLE) from None

    def __enter__(self) -> "SoundStream":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read_into(self, block: NDArray[np.float32]) -> int:
        """Decode into the beginning of a block of shape (frames, channels).

        Returns:
            Number of frames that were decoded, 0 at the end; beyond them the block is void.

        Raises:
            RecordingError: the decoder fails.
        """
        try:
            return len(self._file.read(out=block))
        except _FAILURES:
            raise RecordingError(
                "The recording breaks off or is damaged; copy the file again."
            ) from None
