"""Segmentation into slices: as much speech as possible, few long pauses, few cuts.

A clip that is too short for a slice of its own kind becomes a short one, whole.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mynah.training.prepare.activity import halved, runs, swells
from mynah.training.prepare.alignment import AlignedText
from mynah.training.prepare.frames import PER_SECOND, PER_TOKEN, Span
from mynah.training.prepare.sound import Sound

SHORTEST = 2 * PER_SECOND
LONGEST = 10 * PER_SECOND
SHORTEST_OF_CLIP = 3 * PER_SECOND // 10
"""Frames of speech in a slice of a recording that has less speech than `SHORTEST`; short clips are
spoken by themselves, while a short part of a long recording is a torn sentence."""
AROUND = PER_SECOND // 10
"""Most frames of silence kept before and after."""
CUT_COSTS = PER_SECOND // 2
"""Cost of a cut, in frames of pause."""
ROUGH_COSTS = PER_SECOND
"""Further cost of a cut where there is no pause, in frames of speech."""
PAUSE = 6


@dataclass(frozen=True, slots=True)
class SpeechSpan:
    """Speech that is never cut, without silence around, and its words if they are known."""

    span: Span
    text: str | None = None


def cut(pieces: Sequence[SpeechSpan], shortest: int = SHORTEST) -> list[Sequence[SpeechSpan]]:
    """Group consecutive spans, in order and not overlapping, into slices.

    Each slice has `shortest` frames to 10 s, with room for the silence around it; spans that fit
    into none are left out. The optimum, by dynamic programming.
    """
    values, starts = [0.0], [0]
    for end in range(1, len(pieces) + 1):
        options = [(values[end - 1], end)]
        for start in range(end - 1, -1, -1):
            if pieces[end - 1].span.end - pieces[start].span.start > LONGEST - 2 * AROUND:
                break
            options.append((values[start] + _value(pieces, start, end, shortest), start))
        value, start = max(options)
        values.append(value)
        starts.append(start)
    return _groups(pieces, starts)


def _value(pieces: Sequence[SpeechSpan], start: int, end: int, shortest: int) -> float:
    group = pieces[start:end]
    whole = group[-1].span.end - group[0].span.start
    if whole < shortest:
        return -np.inf
    spoken = sum(piece.span.frames for piece in group)
    return spoken - (whole - spoken) - CUT_COSTS - ROUGH_COSTS * _is_rough(pieces, start)


def _is_rough(pieces: Sequence[SpeechSpan], at: int) -> bool:
    """True if a cut before a span would cut running speech."""
    return at > 0 and pieces[at].span.start - pieces[at - 1].span.end < PAUSE


def _groups(pieces: Sequence[SpeechSpan], starts: Sequence[int]) -> list[Sequence[SpeechSpan]]:
    """Trace back from the end: `starts[end] == end` leaves the span before `end` out."""
    groups: list[Sequence[SpeechSpan]] = []
    end = len(pieces)
    while end > 0:
        start = starts[end]
        if start == end:
            end -= 1
        else:
            groups.append(pieces[start:end])
            end = start
    return groups[::-1]


def with_silence(group: Sequence[SpeechSpan], taken: NDArray[np.bool_]) -> Span:
    """The frames of a slice: whole tokens, with up to a tenth of a second of pause at both ends.

    Args:
        group: its spans.
        taken: mask of frames that are speech or in any span, (T,). Of a short pause between them
            each neighbour gets half at most, so that slices do not overlap.
    """
    start, end = group[0].span.start, group[-1].span.end
    start -= _quiet(taken[:start][::-1])
    end += _quiet(taken[end:])
    return Span(start, end - (end - start) % PER_TOKEN)


def _quiet(ahead: NDArray[np.bool_]) -> int:
    """Frames of pause that a slice may take, going outwards from one of its ends."""
    others = np.flatnonzero(ahead[: 2 * AROUND])
    return min(AROUND, int(others[0]) // 2 if len(others) else len(ahead))


KEPT, JOINING_PAUSE, SHORT, LONG = "kept", "pause", "too_short", "too_long"
NO_SPEECH, MISMATCH, UNWRITTEN = "no_speech", "text_does_not_match", "not_in_text"
ROOM = LONGEST - 2 * AROUND
"""Frames of a slice without the silence around it."""
LEAST_UNWRITTEN = PER_SECOND // 5
"""Frames; shorter sounds are breath, or belong to a line beside them."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A slice's place in its recording, and its words if they are known."""

    span: Span
    text: str | None


@dataclass(frozen=True, slots=True, eq=False)
class SegmentedRecording:
    """A recording and its slices.

    Attributes:
        sound: the recording.
        cuts: in order, not overlapping, 2 to 10 s each, or a whole short clip; of whole tokens.
        seconds: of the recording, by their fate: `kept`, or the reason they are left out.
    """

    sound: Sound
    cuts: Sequence[Segment]
    seconds: Mapping[str, float]


def segment_without_words(sound: Sound) -> SegmentedRecording:
    """Cut a recording at its pauses, and speech without pauses where it is quietest."""
    islands = (halved(run, sound.loudness, ROOM, SHORTEST // 2) for run in runs(sound.speech))
    pieces = [SpeechSpan(span) for parts in islands for span in parts]
    return _segmented(sound, [pieces], np.where(sound.speech, SHORT, JOINING_PAUSE).astype(object))


def segment_whole(sound: Sound, text: str) -> SegmentedRecording:
    """Make one slice of a recording that fits into one, with its words unchecked."""
    spoken = np.flatnonzero(sound.speech)
    whole = SpeechSpan(Span(int(spoken[0]), int(spoken[-1]) + 1), text)
    return _segmented(sound, [[whole]], np.where(sound.speech, SHORT, JOINING_PAUSE).astype(object))


def fits_whole(sound: Sound) -> bool:
    """True if a recording is no longer than a slice."""
    return len(sound.speech) <= ROOM


def segment_with_words(sound: Sound, aligned: Sequence[AlignedText]) -> SegmentedRecording:
    """Cut a recording between its aligned lines.

    Lines that do not match, and speech outside of the lines, are in no slice.
    """
    fates = np.where(sound.speech, UNWRITTEN, JOINING_PAUSE).astype(object)
    for each in aligned:
        fates[each.span.start : each.span.end] = _fate(each)
    return _segmented(sound, _matching_runs(sound, aligned), fates)


def _fate(aligned: AlignedText) -> str:
    if not aligned.matches:
        return MISMATCH
    return LONG if aligned.span.frames > ROOM else SHORT


def _matching_runs(sound: Sound, aligned: Sequence[AlignedText]) -> list[list[SpeechSpan]]:
    """Matching lines, in runs between which nothing else is said."""
    runs_of_spans: list[list[SpeechSpan]] = [[]]
    end = 0
    for each in aligned:
        unwritten = int(sound.speech[end : each.span.start].sum()) >= LEAST_UNWRITTEN
        if unwritten or not each.matches:
            runs_of_spans.append([])
        if each.matches:
            runs_of_spans[-1].append(SpeechSpan(each.span, each.line.text))
        end = each.span.end
    return runs_of_spans


def _segmented(
    sound: Sound, runs_of_spans: Sequence[Sequence[SpeechSpan]], fates: NDArray[np.object_]
) -> SegmentedRecording:
    """Segment runs of spans, and record the fate of every frame."""
    taken = sound.speech.copy()
    for piece in (piece for run in runs_of_spans for piece in run):
        taken[piece.span.start : piece.span.end] = True
    cuts = []
    shortest = _shortest(sound)
    for group in (group for run in runs_of_spans for group in cut(run, shortest)):
        span = with_silence(group, taken)
        spoken = swells(sound.loudness[span.start : span.end])
        fates[span.start : span.end] = KEPT if spoken else NO_SPEECH
        if spoken:
            cuts.append(Segment(span, _joined([piece.text for piece in group])))
    seconds = {fate: frames / PER_SECOND for fate, frames in Counter(fates.tolist()).items()}
    return SegmentedRecording(sound, cuts, seconds)


def _shortest(sound: Sound) -> int:
    """Least frames of a slice of a recording."""
    spoken = np.flatnonzero(sound.speech)
    return SHORTEST if spoken[-1] - spoken[0] + 1 >= SHORTEST else SHORTEST_OF_CLIP


def _joined(texts: Sequence[str | None]) -> str | None:
    """Join texts, with a space between two that are written with spaces."""
    joined = ""
    for text in filter(None, texts):
        joined += " " * (joined[-1:].isascii() and bool(joined) and text[0].isascii()) + text
    return joined or None
