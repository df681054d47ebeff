"""Recordings of people: checked to be clear speech, without the silence around it."""

from pathlib import Path

import numpy as np

from mynah.audio.decoding import DecodeLimits, decode
from mynah.audio.kinds import KINDS
from mynah.audio.recording import Recording
from mynah.errors import RecordingError

LONGEST_SECONDS = 600.0
LIMITS = DecodeLimits(KINDS, LONGEST_SECONDS)
SHORTEST_SPEECH_SECONDS = 2.0
"""Of a prompt."""
SHORTEST_CLIP_SECONDS = 0.6
"""Of one of many clips for training; of a shorter one hardly a word can be learned."""
SILENT_PEAK = 10 ** (-50 / 20)
CLIPPED_SHARE = 0.01
_WINDOW_SECONDS = 0.02
_SILENCE_BELOW_LOUDEST = 10 ** (-38 / 20)
_KEPT_SILENCE_SECONDS = 0.1
_REMEDY = "use 3 to 10 seconds of clear speech by one person as WAV, MP3, FLAC or OGG"


def read_recording(source: Path | bytes, shortest: float = SHORTEST_SPEECH_SECONDS) -> Recording:
    """Decode and check a recording, and trim the silence at its ends.

    Args:
        source: path of an audio file, or its bytes.
        shortest: least seconds of speech.

    Raises:
        RecordingError: it cannot be decoded (see `mynah.audio.decoding`), or is too short, silent
            or clipped.
    """
    recording = decode(source, LIMITS)
    _check(recording)
    trimmed = trim_silence(recording)
    if trimmed.seconds < shortest:
        raise RecordingError(
            f"The recording holds only {trimmed.seconds:.1f} s of speech; "
            + (_REMEDY if shortest > SHORTEST_CLIP_SECONDS else f"use {shortest:g} s or more")
            + "."
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


def _check(recording: Recording) -> None:
    samples = recording.samples
    if not len(samples):
        raise RecordingError(f"The recording holds no sound at all; {_REMEDY}.")
    peak = np.abs(samples).max()
    if peak < SILENT_PEAK:
        raise RecordingError(f"The recording is silent; check the microphone and {_REMEDY}.")
    clipped = float((np.abs(samples) >= 0.999).mean())
    if clipped > CLIPPED_SHARE:
        raise RecordingError(
            f"{clipped:.0%} of the recording is clipped; record again with a lower input level."
        )
