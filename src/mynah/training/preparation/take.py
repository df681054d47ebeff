"""One recording, cut: which frames of it are learned from, and why the others are not."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mynah.training.preparation.activity import halved, runs, swells
from mynah.training.preparation.cutting import (
    AROUND,
    LONGEST,
    SHORTEST,
    Piece,
    cut,
    with_silence,
)
from mynah.training.preparation.frames import PER_SECOND, Span
from mynah.training.preparation.sound import Sound
from mynah.training.preparation.words import Heard

KEPT, PAUSE, SHORT, LONG = "kept", "pause", "too_short", "too_long"
NO_SPEECH, MISMATCH, UNWRITTEN = "no_speech", "text_does_not_match", "not_in_text"

ROOM = LONGEST - 2 * AROUND
"""Frames that a slice has without the silence around it."""
LEAST_UNWRITTEN = PER_SECOND // 5
"""Frames; what is shorter is breath, or belongs to a line beside it."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A slice's place in its recording, and its words if they are known."""

    span: Span
    text: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Take:
    """What is taken of a recording.

    Attributes:
        sound: the recording.
        cuts: in order, not overlapping, 2 to 10 s each, of whole tokens.
        seconds: of the recording, by what becomes of them: `kept`, or why they are left out.
    """

    sound: Sound
    cuts: Sequence[Cut]
    seconds: Mapping[str, float]


def take_without_words(sound: Sound) -> Take:
    """Cuts a recording at its pauses, and speech without pauses where it is quietest."""
    islands = (halved(run, sound.loudness, ROOM, SHORTEST // 2) for run in runs(sound.speech))
    pieces = [Piece(span) for parts in islands for span in parts]
    return _taken(sound, [pieces], np.where(sound.speech, SHORT, PAUSE).astype(object))


def take_whole(sound: Sound, text: str) -> Take:
    """Makes one slice of a recording that fits into one, with its words unchecked."""
    spoken = np.flatnonzero(sound.speech)
    whole = Piece(Span(int(spoken[0]), int(spoken[-1]) + 1), text)
    return _taken(sound, [[whole]], np.where(sound.speech, SHORT, PAUSE).astype(object))


def fits_whole(sound: Sound) -> bool:
    """Whether a recording is no longer than a slice."""
    return len(sound.speech) <= ROOM


def take_with_words(sound: Sound, heard: Sequence[Heard]) -> Take:
    """Cuts a recording between the lines that were found in it.

    Lines that do not match, and speech that is in no line, are in no slice.
    """
    fates = np.where(sound.speech, UNWRITTEN, PAUSE).astype(object)
    for each in heard:
        fates[each.span.start : each.span.end] = _fate(each)
    return _taken(sound, _matching_runs(sound, heard), fates)


def _fate(heard: Heard) -> str:
    if not heard.matches:
        return MISMATCH
    return LONG if heard.span.frames > ROOM else SHORT


def _matching_runs(sound: Sound, heard: Sequence[Heard]) -> list[list[Piece]]:
    """Lines that match, in stretches between which nothing else is said."""
    stretches: list[list[Piece]] = [[]]
    end = 0
    for each in heard:
        unwritten = int(sound.speech[end : each.span.start].sum()) >= LEAST_UNWRITTEN
        if unwritten or not each.matches:
            stretches.append([])
        if each.matches:
            stretches[-1].append(Piece(each.span, each.line.text))
        end = each.span.end
    return stretches


def _taken(sound: Sound, stretches: Sequence[Sequence[Piece]], fates: NDArray[np.object_]) -> Take:
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
            cuts.append(Cut(span, _joined([piece.text for piece in group])))
    seconds = {fate: frames / PER_SECOND for fate, frames in Counter(fates.tolist()).items()}
    return Take(sound, cuts, seconds)


def _joined(texts: Sequence[str | None]) -> str | None:
    """Texts in a row, with a blank between two that are written with blanks."""
    joined = ""
    for text in filter(None, texts):
        joined += " " * (joined[-1:].isascii() and bool(joined) and text[0].isascii()) + text
    return joined or None
