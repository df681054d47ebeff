"""Which pieces of speech make a slice: as much speech as possible, few long pauses, few cuts."""

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
AROUND = PER_SECOND // 10
"""Most frames of silence that are kept before and after."""
CUT_COSTS = PER_SECOND // 2
"""Frames of pause that are kept rather than cut at."""
ROUGH_COSTS = PER_SECOND
"""Frames of speech that are given up rather than cut where there is no pause."""
PAUSE = 6


@dataclass(frozen=True, slots=True)
class SpeechSpan:
    """Speech that is never cut.

    Attributes:
        span: its frames, without silence around.
        text: its words, if they are known.
    """

    span: Span
    text: str | None = None


def cut(pieces: Sequence[SpeechSpan]) -> list[Sequence[SpeechSpan]]:
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


def _value(pieces: Sequence[SpeechSpan], start: int, end: int) -> float:
    group = pieces[start:end]
    whole = group[-1].span.end - group[0].span.start
    if whole < SHORTEST:
        return -np.inf
    spoken = sum(piece.span.frames for piece in group)
    return spoken - (whole - spoken) - CUT_COSTS - ROUGH_COSTS * _is_rough(pieces, start)


def _is_rough(pieces: Sequence[SpeechSpan], at: int) -> bool:
    """Whether a cut before a piece would be one into running speech."""
    return at > 0 and pieces[at].span.start - pieces[at - 1].span.end < PAUSE


def _groups(pieces: Sequence[SpeechSpan], starts: Sequence[int]) -> list[Sequence[SpeechSpan]]:
    """Goes back from the end: `starts[end] == end` leaves the piece before `end` out."""
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


KEPT, JOINING_PAUSE, SHORT, LONG = "kept", "pause", "too_short", "too_long"
NO_SPEECH, MISMATCH, UNWRITTEN = "no_speech", "text_does_not_match", "not_in_text"
ROOM = LONGEST - 2 * AROUND
"""Frames that a slice has without the silence around it."""
LEAST_UNWRITTEN = PER_SECOND // 5
"""Frames; what is shorter is breath, or belongs to a line beside it."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A slice's place in its recording, and its words if they are known."""

    span: Span
    text: str | None


@dataclass(frozen=True, slots=True, eq=False)
class SegmentedRecording:
    """What is taken of a recording.

    Attributes:
        sound: the recording.
        cuts: in order, not overlapping, 2 to 10 s each, of whole tokens.
        seconds: of the recording, by what becomes of them: `kept`, or why they are left out.
    """

    sound: Sound
    cuts: Sequence[Segment]
    seconds: Mapping[str, float]


def take_without_words(sound: Sound) -> SegmentedRecording:
    """Cuts a recording at its pauses, and speech without pauses where it is quietest."""
    islands = (halved(run, sound.loudness, ROOM, SHORTEST // 2) for run in runs(sound.speech))
    pieces = [SpeechSpan(span) for parts in islands for span in parts]
    return _taken(sound, [pieces], np.where(sound.speech, SHORT, JOINING_PAUSE).astype(object))


def take_whole(sound: Sound, text: str) -> SegmentedRecording:
    """Makes one slice of a recording that fits into one, with its words unchecked."""
    spoken = np.flatnonzero(sound.speech)
    whole = SpeechSpan(Span(int(spoken[0]), int(spoken[-1]) + 1), text)
    return _taken(sound, [[whole]], np.where(sound.speech, SHORT, JOINING_PAUSE).astype(object))


def fits_whole(sound: Sound) -> bool:
    """Whether a recording is no longer than a slice."""
    return len(sound.speech) <= ROOM


def take_with_words(sound: Sound, heard: Sequence[AlignedText]) -> SegmentedRecording:
    """Cuts a recording between the lines that were found in it.

    Lines that do not match, and speech that is in no line, are in no slice.
    """
    fates = np.where(sound.speech, UNWRITTEN, JOINING_PAUSE).astype(object)
    for each in heard:
        fates[each.span.start : each.span.end] = _fate(each)
    return _taken(sound, _matching_runs(sound, heard), fates)


def _fate(heard: AlignedText) -> str:
    if not heard.matches:
        return MISMATCH
    return LONG if heard.span.frames > ROOM else SHORT


def _matching_runs(sound: Sound, heard: Sequence[AlignedText]) -> list[list[SpeechSpan]]:
    """Lines that match, in stretches between which nothing else is said."""
    stretches: list[list[SpeechSpan]] = [[]]
    end = 0
    for each in heard:
        unwritten = int(sound.speech[end : each.span.start].sum()) >= LEAST_UNWRITTEN
        if unwritten or not each.matches:
            stretches.append([])
        if each.matches:
            stretches[-1].append(SpeechSpan(each.span, each.line.text))
        end = each.span.end
    return stretches


def _taken(
    sound: Sound, stretches: Sequence[Sequence[SpeechSpan]], fates: NDArray[np.object_]
) -> SegmentedRecording:
    """Cuts stretches of pieces, and notes the fate of every frame."""
    taken = sound.speech.copy()
    for piece in (piece for stretch in stretches for piece in stretch):
        taken[piece.span.start : piece.span.end] = True
    cuts = []
    for group in (group for stretch in stretches for group in cut(stretch)):
        span = with_silence(group, taken)
        spoken = swells(sound.loudness[span.start : span.end])
        fates[span.start : span.end] = KEPT if spoken else NO_SPEECH
        if spoken:
            cuts.append(Segment(span, _joined([piece.text for piece in group])))
    seconds = {fate: frames / PER_SECOND for fate, frames in Counter(fates.tolist()).items()}
    return SegmentedRecording(sound, cuts, seconds)


def _joined(texts: Sequence[str | None]) -> str | None:
    """Texts in a row, with a blank between two that are written with blanks."""
    joined = ""
    for text in filter(None, texts):
        joined += " " * (joined[-1:].isascii() and bool(joined) and text[0].isascii()) + text
    return joined or None
