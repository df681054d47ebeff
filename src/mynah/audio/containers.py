"""FFmpeg as a decoder of what phones and browsers record: MP4, WebM, AMR and bare AAC.

Only the demuxers and codecs named here are opened, whatever the bytes ask for.
"""

from collections.abc import Iterator
from io import BufferedIOBase

import av
import numpy as np
from numpy.typing import NDArray

from mynah.errors import RecordingError

_DEMUXERS = {"mp4": "mov", "webm": "matroska", "amr": "amr", "aac": "aac"}
_CODECS = frozenset({
    "aac", "alac", "opus", "vorbis", "mp3", "mp3float", "flac", "amrnb", "amrwb",
    "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_f32le",
})  # fmt: skip
_OPTIONS = {"enable_drefs": "0", "use_absolute_path": "0", "protocol_whitelist": "pipe"}
"""No file names another to be read beside it."""
_TIMED = frozenset({"mp4", "webm"})
"""Kinds whose header may tell the length; of the others FFmpeg only estimates it."""
_FAILURES = (
    av.FFmpegError, ValueError, LookupError, ArithmeticError, TypeError, MemoryError, OSError,
)  # fmt: skip
_UNREADABLE = "The recording holds no sound that can be read; export it as WAV with 16 bits."
_DAMAGED = "The recording breaks off or is damaged; copy the file again."


class ContainerStream:
    """Samples of the first audio track of a file, in the order in which it holds them.

    Attributes:
        samplerate: in hertz, of the first decoded frame.
        channels: likewise.
        frames: as the header tells the length; None if it does not.
        subtype: FFmpeg's name of the codec.
    """

    def __init__(self, file: BufferedIOBase, kind: str) -> None:
        """Read the header and the first frame.

        Args:
            file: at its beginning.
            kind: of `mynah.audio.kinds.CONTAINERS`.

        Raises:
            RecordingError: there is no audio track, or it is damaged or of an unknown codec.
        """
        try:
            self._container = av.open(
                file, "r", format=_DEMUXERS[kind], metadata_errors="ignore", options=_OPTIONS
            )
        except _FAILURES:
            raise RecordingError(_UNREADABLE) from None
        try:
            track = next(iter(self._container.streams.audio), None)
            # Of a codec that FFmpeg does not know there is no context.
            if track is None or track.codec_context is None:
                raise RecordingError(_UNREADABLE)
            self.subtype = track.codec_context.name
            if self.subtype not in _CODECS:
                raise RecordingError(_UNREADABLE)
            self._decoded = self._frames(track)
            # The header of AAC may tell half of the rate, and one channel of two.
            self._rest = next(self._decoded, None)
            if self._rest is None:
                raise RecordingError(_UNREADABLE)
            self.frames = self._declared(track) if kind in _TIMED else None
        except BaseException:
            self._container.close()
            raise

    def __enter__(self) -> "ContainerStream":
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def read_into(self, block: NDArray[np.float32]) -> int:
        """Decode into the beginning of a block of shape (frames, channels).

        Returns:
            Number of frames that were decoded, 0 at the end; beyond them the block is void.

        Raises:
            RecordingError: the decoder fails.
        """
        if self._rest is None or not len(self._rest):
            self._rest = next(self._decoded, None)
        if self._rest is None:
            return 0
        count = min(len(block), len(self._rest))
        block[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def _declared(self, track: av.AudioStream) -> int | None:
        """The length of the track, or else of the file, where its header tells one."""
        if track.duration and track.time_base:
            return int(track.duration * track.time_base * self.samplerate)
        whole = self._container.duration
        return int(whole / av.time_base * self.samplerate) if whole else None

    def _frames(self, track: av.AudioStream) -> Iterator[NDArray[np.float32]]:
        """Decoded frames of shape (samples, channels), none of them empty."""
        self.samplerate = self.channels = 0
        try:
            for frame in self._container.decode(track):
                samples = _samples(frame)
                if not self.samplerate:
                    self.samplerate, self.channels = frame.sample_rate, samples.shape[1]
                if (frame.sample_rate, samples.shape[1]) != (self.samplerate, self.channels):
                    raise RecordingError(_DAMAGED)
                if len(samples):
                    yield samples
        except _FAILURES:
            raise RecordingError(_DAMAGED) from None


def _samples(frame: av.AudioFrame) -> NDArray[np.float32]:
    """Samples of a frame of any format, of shape (samples, channels), between -1 and 1."""
    planes = frame.to_ndarray()
    if not frame.format.is_planar:
        planes = planes.reshape(-1, frame.layout.nb_channels).T
    samples = planes.T.astype(np.float32, copy=False)
    # No codec of those above gives unsigned samples.
    if planes.dtype.kind == "i":
        samples /= np.float32(1 << (8 * planes.dtype.itemsize - 1))
    return samples
