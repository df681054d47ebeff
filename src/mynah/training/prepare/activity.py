"""Voice activity by loudness, relative to the recording's own pauses."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from mynah.training.prepare.frames import SAMPLES, Span

SILENCE_DB = -90.0
BELOW_LOUDEST_DB = 35.0
ABOVE_FLOOR_DB = 8.0
SHORTEST_PAUSE = 8
"""Frames; the closure of a plosive is shorter."""
SHORTEST_SOUND = 4
"""Frames; a click of the mouse or of the lips is shorter."""
LEAST_SWING_DB = 4.0
_WINDOW = 3


def loudness(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Root mean square of each frame in dB relative to full scale: (640 T,) to (T,)."""
    power = np.square(samples.reshape(-1, SAMPLES), dtype=np.float64).mean(axis=1)
    levels: NDArray[np.float64] = 10 * np.log10(np.maximum(power, 10 ** (SILENCE_DB / 10)))
    return levels


def speech_frames(levels: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mask of the speech frames, (T,); at least the loudest frame is speech.

    The threshold lies a little above the noise of the pauses, or, where they are very quiet, far
    enough below the loudest speech to leave breath out.
    """
    smooth = np.convolve(np.pad(levels, 1, "edge"), np.ones(_WINDOW) / _WINDOW, "valid")
    floor, top = np.percentile(smooth, [5, 95])
    above = min(ABOVE_FLOOR_DB, (top - floor) / 2)
    speech: NDArray[np.bool_] = smooth >= max(top - BELOW_LOUDEST_DB, floor + above)
    _fill(speech, (pause for pause in runs(~speech) if pause.frames < SHORTEST_PAUSE), True)
    _fill(speech, (sound for sound in runs(speech) if sound.frames < SHORTEST_SOUND), False)
    speech[levels.argmax()] = True
    return speech


def runs(marked: NDArray[np.bool_]) -> list[Span]:
    """The spans of marked frames, in order."""
    edges = np.flatnonzero(np.diff(marked, prepend=False, append=False)).tolist()
    return [Span(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def halved(span: Span, levels: NDArray[np.float64], longest: int, margin: int) -> list[Span]:
    """Cut a span at its quietest frames until no part has more than `longest` frames.

    Args:
        span: of frames.
        levels: loudness of all frames.
        longest: frames; at least twice the margin.
        margin: frames that no part is shorter than.
    """
    if span.frames <= longest:
        return [span]
    cut = quietest(Span(span.start + margin, span.end - margin + 1), levels)
    parts = Span(span.start, cut), Span(cut, span.end)
    return [each for part in parts for each in halved(part, levels, longest, margin)]


def quietest(span: Span, levels: NDArray[np.float64]) -> int:
    """The quietest frame of a span; its start if it is empty."""
    return span.start + int(np.argmin(levels[span.start : max(span.end, span.start + 1)]))


def swells(levels: NDArray[np.float64]) -> bool:
    """True if the level varies as syllables do; noise and most music hold their level.

    Speech of several people and languages was seen to vary by 6 dB and more, chords with and
    without drums by less than 3.
    """
    levelled = np.maximum(levels, levels.max() - BELOW_LOUDEST_DB)
    return bool(levelled.std() >= LEAST_SWING_DB)


def _fill(speech: NDArray[np.bool_], spans: Iterable[Span], value: bool) -> None:
    for span in spans:
        speech[span.start : span.end] = value
