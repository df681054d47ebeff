"""Times of characters, as ElevenLabs tells them: by seconds over HTTP, by milliseconds on sockets.

`normalized_alignment` has the characters of the normalised text, whose words were aligned with the
speech; a word's characters share its time. `alignment` has those of the caller's text: where both
have the same characters these have the same times, and what is written otherwise, such as figures,
shares the time that is left.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from pydantic import BaseModel

from mynah.server.speech.sentence_timing import SentenceTiming

_CJK = "\u2e80"
"""The first of the characters that are written without blanks between sentences."""


@dataclass(frozen=True, slots=True)
class CharacterTime:
    """A character, and the seconds in which it is heard."""

    character: str
    start: float
    end: float


def normalised_times(timing: SentenceTiming) -> list[CharacterTime]:
    """Times of the characters of a sentence's normalised text, from the start of the audio."""
    sentence, found, now = timing.sentence, list[CharacterTime](), timing.start
    for span, word in zip(sentence.spans, timing.words, strict=True):
        start, end = timing.start + word.start, timing.start + word.end
        blanks = sentence.normalised.index(span.text, len(found)) - len(found)
        found += _shared(" " * blanks, now, start)
        found += _shared(span.text, start, end)
        now = end
    return found


def written_times(
    timing: SentenceTiming, normalised: Sequence[CharacterTime]
) -> list[CharacterTime]:
    """Times of the characters of a sentence as the caller wrote it."""
    text = timing.sentence.text
    spoken = "".join(each.character for each in normalised)
    blocks = SequenceMatcher(None, _folded(text), _folded(spoken), autojunk=False)
    found: list[CharacterTime] = []
    now = normalised[0].start
    for block in blocks.get_matching_blocks():
        end = normalised[block.b].start if block.size else normalised[-1].end
        found += _shared(text[len(found) : block.a], now, end)
        alike = normalised[block.b : block.b + block.size]
        written = text[block.a : block.a + block.size]
        found += [
            CharacterTime(character, each.start, each.end)
            for character, each in zip(written, alike, strict=True)
        ]
        now = found[-1].end if found else now
    return found


def _folded(text: str) -> str:
    """The text in small letters, with as many characters as before."""
    return "".join(folded if len(folded := each.lower()) == 1 else each for each in text)


def _shared(characters: str, start: float, end: float) -> Iterator[CharacterTime]:
    step = (end - start) / max(1, len(characters))
    times = [start + number * step for number in range(len(characters))] + [end]
    for character, (begin, finish) in zip(characters, pairwise(times), strict=True):
        yield CharacterTime(character, begin, finish)


class Alignment(BaseModel):
    """Characters and their times in seconds from the start of the audio."""

    characters: list[str]
    character_start_times_seconds: list[float]
    character_end_times_seconds: list[float]

    @classmethod
    def of(cls, times: Sequence[CharacterTime]) -> "Alignment":
        """Lay out times."""
        return cls(
            characters=[each.character for each in times],
            character_start_times_seconds=[round(each.start, 3) for each in times],
            character_end_times_seconds=[round(each.end, 3) for each in times],
        )


class Aligned(BaseModel):
    """Audio with the alignment of the text that begins in it; null where none does."""

    audio_base64: str
    alignment: Alignment | None = None
    normalized_alignment: Alignment | None = None


def both_times(
    timings: Sequence[SentenceTiming], *, more: bool = False
) -> tuple[list[CharacterTime], list[CharacterTime]]:
    """Times of the written and of the normalised characters of sentences, with blanks between.

    Args:
        timings: of the sentences, in order.
        more: true if other sentences follow, which need a blank before them, too.
    """
    written: list[CharacterTime] = []
    normalised: list[CharacterTime] = []
    for timing in timings:
        spoken = normalised_times(timing)
        for times, sentence in ((written, written_times(timing, spoken)), (normalised, spoken)):
            _part(times)
            times.extend(sentence)
    if more:
        _part(written)
        _part(normalised)
    return written, normalised


def _part(times: list[CharacterTime]) -> None:
    """Add a blank after a sentence in an alphabet."""
    if times and times[-1].character < _CJK and not times[-1].character.isspace():
        times.append(CharacterTime(" ", times[-1].end, times[-1].end))


def socket_alignment(times: Sequence[CharacterTime]) -> dict[str, list[str] | list[int]]:
    """Characters and their times in milliseconds, as sockets tell them."""
    starts = [round(1000 * each.start) for each in times]
    ends = [round(1000 * each.end) for each in times]
    return {
        "chars": [each.character for each in times],
        "charStartTimesMs": starts,
        "charDurationsMs": [end - start for start, end in zip(starts, ends, strict=True)],
    }
