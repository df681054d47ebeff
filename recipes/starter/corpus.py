"""The training recordings as one memory-mapped track, so that a step reads only what it needs.

Each recording is stored as it is and once more with its pitch, formants and
tempo moved together by resampling: to the networks that is another speaker.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby
from pathlib import Path

import av
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from rich.progress import track

from recipes.starter.timing import TOKEN, UNKNOWN

RATE = 32_000
CONTENT_RATE = 16_000
SHIFT = (0.84, 1.19)
LONGEST_SECONDS = 11.0
SHORTEST_SECONDS = 0.7
SOUND_FILES = {".flac", ".g722", ".ogg", ".opus", ".wav"}


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording in the track.

    Attributes:
        name: of its file and factor.
        language: of its words.
        text: its words, empty if nobody wrote them down.
        speaker: who speaks.
        factor: by which pitch, formants and tempo were moved.
        start: first sample at 32 kHz.
        length: samples.
        spans: place, start and end in seconds of each phoneme; empty if they have to be found.
    """

    name: str
    language: str
    text: str
    speaker: str
    factor: float
    start: int
    length: int
    spans: list[tuple[int, float, float]] = field(default_factory=list)

    @property
    def frames(self) -> int:
        """Number of 20 ms content frames."""
        return self.length // (RATE // 50)


@dataclass(frozen=True, slots=True)
class Source:
    """A recording before it is stored; an empty text means that its words are unknown."""

    path: Path
    language: str
    text: str
    speaker: str
    spans: list[tuple[int, float, float]] = field(default_factory=list)


def spoken_corpus(folder: Path) -> Iterator[Source]:
    """Recordings with words: a folder with `metadata.jsonl` rows of file, lang, text, speaker.

    Rows that `dictation` wrote have the places of their tokens too.
    """
    for line in (folder / "metadata.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        spans = spans_of(row.get("places", []))
        yield Source(folder / row["file"], row["lang"], row["text"], row["speaker"], spans)


def spans_of(places: Sequence[int]) -> list[tuple[int, float, float]]:
    """Place, start and end in seconds of each phoneme, from the place of each token's."""
    spans, begin = [], 0
    for place, run in groupby(places):
        end = begin + len([*run])
        if place != UNKNOWN:
            spans.append((place, begin * TOKEN, end * TOKEN))
        begin = end
    return spans


def human_speech(folder: Path, most_per_speaker: int, seed: int = 0) -> Iterator[Source]:
    """Recordings of people without words: one sub-folder a speaker."""
    for speaker in sorted(path for path in folder.iterdir() if path.is_dir()):
        files = sorted(p for p in speaker.rglob("*") if p.suffix in SOUND_FILES)
        random.Random(seed).shuffle(files)
        for path in files[:most_per_speaker]:
            yield Source(path, "", "", speaker.name)


def read_audio(path: Path) -> tuple[NDArray[np.float32], int]:
    """Mono samples and their rate; G.722, which libsndfile lacks, is read by FFmpeg."""
    if path.suffix != ".g722":
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        return samples.mean(axis=1), rate
    with av.open(str(path), format="g722") as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=CONTENT_RATE)
        frames = [f for packet in container.decode(audio=0) for f in resampler.resample(packet)]
    parts = [np.zeros(0, np.float32), *(frame.to_ndarray()[0] for frame in frames)]
    return np.concatenate(parts), CONTENT_RATE


def prepare(sources: list[Source], work: Path, seed: int = 0) -> None:
    """Writes `track32.i16`, `track16.i16` and `clips.jsonl` into the work folder."""
    work.mkdir(parents=True, exist_ok=True)
    chance = random.Random(seed)
    clips: list[Clip] = []
    position = 0
    with (work / "track32.i16").open("wb") as track32, (work / "track16.i16").open("wb") as track16:
        for source in track(sources, description="reading recordings"):
            samples, rate = read_audio(source.path)
            for factor in (1.0, round(chance.uniform(*SHIFT), 3)):
                audio = _at_rate(samples, rate * factor)
                if not SHORTEST_SECONDS <= len(audio) / RATE <= LONGEST_SECONDS:
                    continue
                track32.write(_int16(audio).tobytes())
                track16.write(_int16(soxr.resample(audio, RATE, CONTENT_RATE)).tobytes())
                speaker = source.speaker if factor == 1.0 else f"{source.speaker}*{factor}"
                name = f"{source.path.stem}*{factor}"
                spans = [(p, begin / factor, end / factor) for p, begin, end in source.spans]
                told = (name, source.language, source.text, speaker, factor)
                clips.append(Clip(*told, position, len(audio), spans))
                position += len(audio)
    (work / "clips.jsonl").write_text(
        "".join(json.dumps(asdict(clip), ensure_ascii=False) + "\n" for clip in clips), "utf-8"
    )


def _at_rate(samples: NDArray[np.float32], rate: float) -> NDArray[np.float32]:
    """Samples at 32 kHz, whole 40 ms blocks, peak 0.7."""
    audio: NDArray[np.float32] = soxr.resample(samples, rate, RATE)
    audio = audio[: len(audio) // 1280 * 1280]
    return audio * (0.7 / max(float(np.abs(audio).max(initial=0.0)), 1e-3))


def _int16(audio: NDArray[np.float32]) -> NDArray[np.int16]:
    return np.round(np.clip(audio, -1.0, 1.0) * 32767.0).astype(np.int16)


class Track:
    """The stored recordings: `clips`, and their samples at 32 kHz or 16 kHz in [-1, 1]."""

    def __init__(self, work: Path) -> None:
        lines = (work / "clips.jsonl").read_text("utf-8").splitlines()
        self.clips = [Clip(**json.loads(line)) for line in lines]
        self._track32 = np.memmap(work / "track32.i16", np.int16, "r")
        self._track16 = np.memmap(work / "track16.i16", np.int16, "r")

    def audio(self, clip: Clip, start: int = 0, length: int | None = None) -> NDArray[np.float32]:
        """Samples at 32 kHz from `start` on, `length` of them or to the end."""
        end = clip.length if length is None else min(start + length, clip.length)
        samples = self._track32[clip.start + start : clip.start + end]
        return samples.astype(np.float32) / 32767.0

    def content_audio(self, clip: Clip) -> NDArray[np.float32]:
        """The whole clip at 16 kHz."""
        samples = self._track16[clip.start // 2 : (clip.start + clip.length) // 2]
        return samples.astype(np.float32) / 32767.0


def batches(clips: list[Clip], seconds: float, seed: int) -> list[list[int]]:
    """All clip numbers once, in groups of like length, about `seconds` of sound each."""
    return grouped(np.array([clip.length / RATE for clip in clips]), seconds, seed)


def grouped(lengths: NDArray[np.float64], seconds: float, seed: int) -> list[list[int]]:
    """The places of some lengths in seconds; see `batches`."""
    rng = np.random.default_rng(seed)
    groups: list[list[int]] = [[]]
    for number in np.argsort(lengths * rng.uniform(0.93, 1.07, len(lengths))).tolist():
        if groups[-1] and (len(groups[-1]) + 1) * lengths[number] > seconds:
            groups.append([])
        groups[-1].append(number)
    rng.shuffle(groups)
    return groups
