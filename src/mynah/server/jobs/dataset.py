"""The recordings of a training, and those of them that a new voice speaks from."""

from collections.abc import Sequence
from dataclasses import dataclass

from mynah.errors import RecordingError
from mynah.server.voices.store import NewRecording
from mynah.training.left_out import LeftOut

_PROMPT_SECONDS = (3.0, 10.0)


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """The recordings of a training.

    Attributes:
        clips: those that can be learned from.
        left_out: the others.
    """

    clips: Sequence[NewRecording] = ()
    left_out: Sequence[LeftOut] = ()

    @property
    def seconds(self) -> float:
        """Seconds of speech."""
        return sum(each.clip.seconds for each in self.clips)


def own_recordings(clips: Sequence[NewRecording], most: int) -> list[NewRecording]:
    """The recordings of a dataset that a new voice speaks from: the prompt first.

    All in their order if they are few and long enough; else a prompt of 3 to 10 s, with words if
    there is such a one, and the next ones.

    Args:
        clips: the dataset.
        most: recordings of a voice.

    Raises:
        RecordingError: none is long enough.
    """
    from mynah.voice.recording import SHORTEST_SPEECH_SECONDS  # noqa: PLC0415 - it decodes

    long = [each for each in clips if each.clip.seconds >= SHORTEST_SPEECH_SECONDS]
    if not long:
        raise RecordingError(
            f"No recording has {SHORTEST_SPEECH_SECONDS:g} s of speech, which a voice needs to "
            "speak from; send one of 3 to 10 s as well."
        )
    if len(long) == len(clips) <= most:
        return list(clips)
    prompt = max(long, key=_suits_as_prompt)
    return [prompt, *(each for each in long if each is not prompt)][:most]


def _suits_as_prompt(each: NewRecording) -> tuple[bool, bool]:
    shortest, longest = _PROMPT_SECONDS
    return shortest <= each.clip.seconds <= longest, bool(each.text)
