"""People whose recordings are trained on: the bundled samples, or those of a folder."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mynah.errors import OptionError, RecordingError
from mynah.voice.recording import read_recording
from mynah.voice.samples import samples

RATE = 32_000
SECONDS = 62.0
"""Of speech that each person is trained on; a little more than the least that is taken."""

Wave = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A recording, mono at 32 kHz, and its words."""

    wave: Wave
    text: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """A minute of one person's speech, all in one language."""

    name: str
    language: str
    clips: Sequence[Clip]

    def wave(self) -> Wave:
        """All clips in a row."""
        return np.concatenate([clip.wave for clip in self.clips])


def bundled() -> list[Person]:
    """The bundled samples, each repeated for a minute."""
    return [
        _person(sample.name, sample.language, [(sample.data(), sample.text)] * 40)
        for sample in samples()
    ]


def read_people(folder: Path) -> list[Person]:
    """People of a folder with enough speech, the first of each language first.

    Args:
        folder: with `metadata.jsonl`, a row a recording: `file`, `text`, `lang` (`en` or `zh`) and
            `speaker`.

    Raises:
        OptionError: too little is there.
    """
    rows = [json.loads(line) for line in (folder / "metadata.jsonl").open(encoding="utf-8")]
    clips: dict[tuple[str, str], list[tuple[Path, str]]] = {}
    for row in rows:
        key = row["speaker"], row["lang"]
        clips.setdefault(key, []).append((folder / row["file"], row["text"]))
    people = [
        person
        for (name, language), found in clips.items()
        if len(found) >= 4 and (person := _person(name, language, found)) and _is_long(person)
    ]
    if {person.language for person in people} != {"en", "zh"}:
        raise OptionError(f"{folder} needs a minute of an English and of a Mandarin speaker.")
    return people


def _person(name: str, language: str, sources: Sequence[tuple[Path | bytes, str]]) -> Person:
    return Person(name, language, list(_a_minute(sources)))


def _a_minute(sources: Sequence[tuple[Path | bytes, str]]) -> Iterator[Clip]:
    seconds = 0.0
    for source, text in sources:
        if seconds >= SECONDS:
            return
        try:
            recording = read_recording(source)
        except RecordingError:  # too short
            continue
        seconds += recording.seconds
        yield Clip(recording.at(RATE).samples, text)


def _is_long(person: Person) -> bool:
    return len(person.wave()) >= SECONDS * RATE
