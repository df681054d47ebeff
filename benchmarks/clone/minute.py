"""A real person's minute of speech, and what it is compared with afterwards."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.quality.judges import Judges
from benchmarks.quality.recogniser import Array
from benchmarks.quality.sources import LJSPEECH, members
from benchmarks.quality.voices import Utterance, read_audio


@dataclass(frozen=True, slots=True)
class Minute:
    """Recordings of one person who is not in the training data.

    Attributes:
        person: who.
        language: of the words.
        recordings: about a minute in all; the first one makes the voice.
        texts: the words of each.
        held_out: other recordings.
    """

    person: str
    language: str
    recordings: tuple[Path, ...]
    texts: tuple[str, ...]
    held_out: tuple[Utterance, ...]

    def timbre(self, judges: Judges) -> Array:
        """The person as a unit vector, the mean of the held-out recordings'."""
        timbres = np.stack([judges.timbre(each) for each in self.held_out])
        mean: Array = timbres.mean(axis=0)
        mean /= np.linalg.norm(mean)
        return mean


def read_minute(cache: Path) -> Minute:
    """The recordings of `minute.json`, fetched below `cache`."""
    listed = json.loads((Path(__file__).parent / "minute.json").read_text("utf-8"))
    clips, language = listed["clips"], listed["language"]
    recordings = members(LJSPEECH, [clip["file"] for clip in clips], cache)
    held_out = members(LJSPEECH, listed["held_out"], cache)
    return Minute(
        person=listed["person"],
        language=language,
        recordings=tuple(map(_as_wav, recordings)),
        texts=tuple(clip["text"] for clip in clips),
        held_out=tuple(Utterance(*read_audio(path), "", language) for path in held_out),
    )


def _as_wav(path: Path) -> Path:
    """The same recording beside it, as servers take it by default."""
    wav = path.with_suffix(".wav")
    Utterance(*read_audio(path), "", "").save(wav)
    return wav
