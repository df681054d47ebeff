"""Clips for a training: checked one by one, and those that cannot be used left out by name."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from mynah.errors import RecordingError
from mynah.server.jobs.dataset import Dataset
from mynah.server.voices.store import NewRecording
from mynah.server.voices.uploads import UploadRules, admit
from mynah.training.clip_list import ClipList
from mynah.training.left_out import LeftOut
from mynah.voice.recording import SHORTEST_CLIP_SECONDS


@dataclass(frozen=True, slots=True)
class ClipSource:
    """A recording to check: its name for messages, its words if known, and its file."""

    name: str
    text: str | None
    read: Callable[[], bytes]


def admit_dataset(
    sources: Iterable[ClipSource],
    rules: UploadRules,
    longest: float,
    left_out: Iterable[LeftOut] = (),
) -> Dataset:
    """Decode and check recordings, and leave out those that cannot be learned from.

    Args:
        sources: of one person.
        rules: limits of each.
        longest: seconds of all together.
        left_out: recordings that were left out before.

    Raises:
        RecordingError: there is too much speech, or nothing is left.
    """
    clips, without = [], list(left_out)
    seconds = 0.0
    for source in sources:
        try:
            clip = admit(source.read(), rules, shortest=SHORTEST_CLIP_SECONDS)
        except RecordingError as error:
            without.append(LeftOut(source.name, str(error)))
            continue
        clips.append(NewRecording(clip, source.text or None))
        seconds += clip.seconds
        if seconds > longest:
            raise RecordingError(
                f"There are more than {longest:g} s of speech, the most that training takes; "
                "send less."
            )
    if without and not clips:
        raise RecordingError(f"{without[0].recording}: {without[0].reason}")
    return Dataset(clips, without)


def listed_sources(
    listed: ClipList, sources: Iterable[ClipSource], lost: str
) -> tuple[list[ClipSource], list[LeftOut]]:
    """Give recordings the words that a list has for them, and leave out what has no counterpart.

    Args:
        listed: the list.
        sources: recordings, with the names of their files.
        lost: reason to leave out a clip of the list without a recording, as a sentence.
    """
    clips = {clip.name: clip for clip in listed.clips}
    known = clips.keys() | {each.recording for each in listed.left_out}
    found: dict[str, ClipSource] = {}
    left_out = list(listed.left_out)
    for source in sources:
        if source.name in found:
            left_out.append(LeftOut(source.name, "Another recording has this name, too."))
        elif source.name in clips:
            found[source.name] = replace(source, text=clips[source.name].text)
        elif source.name not in known:
            left_out.append(LeftOut(source.name, "It is not in the list."))
    left_out += [LeftOut(name, lost) for name in clips if name not in found]
    return [found[name] for name in clips if name in found], left_out
