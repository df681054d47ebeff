"""Audio files of people: decoded in a bounded way, checked, and brought to one form.

Reads what libsndfile reads (WAV, FLAC, OGG, MP3) at any rate, mono or stereo.
"""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from mynah.errors import RecordingError
from mynah.voice import flac

if TYPE_CHECKING:
    import soundfile

LONGEST_SECONDS = 600.0
MOST_SAMPLES = 2 * 48_000 * 600
LOWEST_RATE = 8_000
SHORTEST_SPEECH_SECONDS = 2.0
SILENT_PEAK = 10 ** (-50 / 20)
LOUDEST_PEAK = 10 ** (20 / 20)
CLIPPED_SHARE = 0.01
_WINDOW_SECONDS = 0.02
_SILENCE_BELOW_LOUDEST = 10 ** (-38 / 20)
_KEPT_SILENCE_SECONDS = 0.1
_REMEDY = "use 3 to 10 seconds of clear speech by one person as WAV, MP3, FLAC or OGG"


@dataclass(frozen=True, slots=True)
class Recording:
    """Mono samples between -1 and 1 of shape (samples,), and their rate in hertz."""

    samples: NDArray[np.float32]
    sample_rate: int

    @property
    def seconds(self) -> float:
        """Duration."""
        return len(self.samples) / self.sample_rate

    def at(self, sample_rate: int) -> "Recording":
        """The same sound at another rate."""
        if sample_rate == self.sample_rate:
            return self
        import soxr  # noqa: PLC0415  # a machine that only computes reads no files

        resampled = soxr.resample(self.samples, self.sample_rate, sample_rate)
        return Recording(resampled.astype(np.float32), sample_rate)

    def between(self, start: float, end: float) -> "Recording":
        """The part from `start` to `end` seconds."""
        first, last = (max(0, int(t * self.sample_rate)) for t in (start, end))
        return Recording(self.samples[first:last], self.sample_rate)


def read_recording(source: Path | bytes) -> Recording:
    """Decodes and checks a recording, and trims the silence at its ends.

    A file that breaks off is refused if its header tells its length, as in FLAC and in an MP3
    with a Xing or Info header. Without one, and in WAV, it is read as far as it goes; an MP3 of
    varying bit rate without one is read as far as the rate of its first frame suggests. A FLAC
    may leave its length open.

    Args:
        source: path of an audio file, or its bytes.

    Raises:
        RecordingError: not audio, truncated, too short, too long, silent, clipped, or not finite.
    """
    recording = _decode(source)
    _check(recording)
    trimmed = trim_silence(recording)
    if trimmed.seconds < SHORTEST_SPEECH_SECONDS:
        raise RecordingError(
            f"The recording holds only {trimmed.seconds:.1f} s of speech; {_REMEDY}."
        )
    return trimmed


def trim_silence(recording: Recording) -> Recording:
    """The part between the first and the last sound, with a tenth of a second around it."""
    size = int(_WINDOW_SECONDS * recording.sample_rate)
    count = len(recording.samples) // size
    windows = recording.samples[: count * size].reshape(count, size)
    loudness = np.sqrt(np.square(windows).mean(axis=1))
    loud = np.flatnonzero(loudness > loudness.max(initial=0.0) * _SILENCE_BELOW_LOUDEST)
    if not len(loud):
        return recording
    start = loud[0] * _WINDOW_SECONDS - _KEPT_SILENCE_SECONDS
    end = (loud[-1] + 1) * _WINDOW_SECONDS + _KEPT_SILENCE_SECONDS
    return recording.between(start, end)


def _decode(source: Path | bytes) -> Recording:
    import soundfile  # noqa: PLC0415  # a machine that only computes reads no files

    try:
        with _opened(source) as opened, soundfile.SoundFile(opened) as file:
            _check_size(file)
            samples = file.read(dtype="float32", always_2d=True)
            if len(samples) < 0.98 * file.frames:
                raise RecordingError(
                    f"The recording breaks off after {len(samples) / file.samplerate:.1f} of "
                    f"{file.frames / file.samplerate:.1f} s; copy the file again."
                )
            return Recording(samples.mean(axis=1), file.samplerate)
    except (soundfile.LibsndfileError, TypeError):  # a TypeError if the file's name ends in .raw
        raise RecordingError(f"The recording is not audio that can be read; {_REMEDY}.") from None


def _opened(source: Path | bytes) -> BinaryIO:
    if isinstance(source, bytes):
        return io.BytesIO(flac.closed(source))
    try:
        opened = source.open("rb")
        if flac.is_open(opened.read(flac.HEADER)):
            with opened:
                opened.seek(0)
                return io.BytesIO(flac.closed(opened.read()))
        opened.seek(0)
        return opened
    except OSError as error:
        raise RecordingError(f"{source} cannot be read ({error.strerror}); {_REMEDY}.") from None


def _check_size(file: "soundfile.SoundFile") -> None:
    """Refuses by its header what would take long to decode; a small file can hold hours."""
    seconds = file.frames / file.samplerate
    if seconds > LONGEST_SECONDS:
        raise RecordingError(
            f"The recording lasts {seconds / 60:.0f} minutes and at most "
            f"{LONGEST_SECONDS / 60:.0f} are read; {_REMEDY}."
        )
    if file.samplerate < LOWEST_RATE or file.frames * file.channels > MOST_SAMPLES:
        raise RecordingError(
            f"The recording has {file.channels} channels at {file.samplerate} Hz; "
            "export it in mono at 16,000 to 48,000 Hz."
        )


def _check(recording: Recording) -> None:
    samples = recording.samples
    if not len(samples):
        raise RecordingError(f"The recording holds no sound at all; {_REMEDY}.")
    peak = np.abs(samples).max()
    if not peak <= LOUDEST_PEAK:
        raise RecordingError(
            "The recording holds samples that are not numbers or far beyond full scale; "
            "export it again with 16 bits."
        )
    if peak < SILENT_PEAK:
        raise RecordingError(f"The recording is silent; check the microphone and {_REMEDY}.")
    clipped = float((np.abs(samples) >= 0.999).mean())
    if clipped > CLIPPED_SHARE:
        raise RecordingError(
            f"{clipped:.0%} of the recording is clipped; record again with a lower input level."
        )
