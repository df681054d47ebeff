"""Which pieces of speech make a slice: as much speech as possible, few long pauses, few cuts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mynah.training.preparation.frames import PER_SECOND, PER_TOKEN, Span

SHORTEST = 2 * PER_SECOND
LONGEST = 10 * PER_SECOND
AROUND = PER_SECOND // 10
"""Most frames of silence that are kept before and after."""
CUT_COSTS = PER_SECOND // 2
"""Frames of pause that are kept rather than cut at."""
ROUGH_COSTS = PER_SECOND
"""Frames of speech that are given up rather than cut where there is no pause."""
PAUSE = 6


@dataclass(frozen=True, slots=True)
class Piece:
    """Speech that is never cut.

    Attributes:
        span: its frames, without silence around.
        text: its words, if they are known.
    """

    span: Span
    text: str | None = None


def cut(pieces: Sequence[Piece]) -> list[Sequence[Piece]]:
    """Groups pieces that follow one another into slices.

    Each slice lasts 2 to 10 s, with room for the silence around it; pieces that do not fit into
    any are left out. The best of all ways, by dynamic programming.

    Args:
        pieces: in order, not overlapping.
    """
    values, starts = [0.0], [0]
    for end in range(1, len(pieces) + 1):
        options = [(values[end - 1], end)]
        for start in range(end - 1, -1, -1):
            if pieces[end - 1].span.end - pieces[start].span.start > LONGEST - 2 * AROUND:
                break
            options.append((values[start] + _value(pieces, start, end), start))
        value, start = max(options)
        values.append(value)
        starts.append(start)
    return _groups(pieces, starts)


def _value(pieces: Sequence[Piece], start: int, end: int) -> float:
    group = pieces[start:end]
    whole = group[-1].span.end - group[0].span.start
    if whole < SHORTEST:
        return -np.inf
    spoken = sum(piece.span.frames for piece in group)
    return spoken - (whole - spoken) - CUT_COSTS - ROUGH_COSTS * _is_rough(pieces, start)


def _is_rough(pieces: Sequence[Piece], at: int) -> bool:
    """Whether a cut before a piece would be one into running speech."""
    return at > 0 and pieces[at].span.start - pieces[at - 1].span.end < PAUSE


def _groups(pieces: Sequence[Piece], starts: Sequence[int]) -> list[Sequence[Piece]]:
    """Goes back from the end: `starts[end] == end` leaves the piece before `end` out."""
    groups: list[Sequence[Piece]] = []
    end = len(pieces)
    while end > 0:
        start = starts[end]
        if start == end:
            end -= 1
        else:
            groups.append(pieces[start:end])
            end = start
    return groups[::-1]


def with_silence(group: Sequence[Piece], taken: NDArray[np.bool_]) -> Span:
    """The frames of a slice: whole tokens, with up to a tenth of a second of pause at both ends.

    Args:
        group: its pieces.
        taken: which frames are speech or in any piece, (T,). Of a short pause between them each
            neighbour gets half at most, so that slices do not overlap.
    """
    start, end = group[0].span.start, group[-1].span.end
    start -= _quiet(taken[:start][::-1])
    end += _quiet(taken[end:])
    return Span(start, end - (end - start) % PER_TOKEN)


def _quiet(ahead: NDArray[np.bool_]) -> int:
    """Frames of pause that a slice may take, going outwards from one of its ends."""
    others = np.flatnonzero(ahead[: 2 * AROUND])
    return min(AROUND, int(others[0]) // 2 if len(others) else len(ahead))
