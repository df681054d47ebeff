"""Many people of whom only single words are recorded: games that teach children to read.

Each language of a package was spoken by one volunteer. Words are strung together until they
last as long as a sentence, because a reference encoder cannot learn a person from one word.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from rich.progress import track

from recipes.starter.corpus import RATE

SPOKEN_IN = {
    "klettres-data": "usr/share/klettres/*/*/*.ogg",
    "ktuberling-data": "usr/share/ktuberling/sounds/*/*.ogg",
    "qabcs-data": "usr/share/qabcs/abcs/*/sounds/words/*.ogg",
    "tuxpaint-stamps-default": "usr/share/tuxpaint/stamps/**/*_desc_*.ogg",
}
"""Patterns of the recordings of each package."""
SECONDS = (4.0, 8.0)
LEAST_SECONDS = 15.0
SILENCE = 0.02
"""Of the loudest; what is quieter at a word's ends is cut."""
PAUSE = RATE // 8


def speakers(package: Path) -> dict[str, list[Path]]:
    """Recordings of each language of an unpacked package."""
    found: dict[str, list[Path]] = {}
    pattern = SPOKEN_IN[package.name]
    for path in sorted(package.glob(pattern)):
        if package.name == "tuxpaint-stamps-default":
            language = path.stem.rpartition("_")[2]
        else:
            language = path.relative_to(package).parts[pattern.split("/").index("*")]
        found.setdefault(f"{package.name}-{language}", []).append(path)
    return found


def string_together(packages: Path, out: Path, most_seconds: float, seed: int = 0) -> None:
    """Writes `out/SPEAKER/NUMBER.flac`, at most so many seconds of each speaker."""
    chance = random.Random(seed)
    for package in track([packages / name for name in SPOKEN_IN], description="words"):
        for speaker, paths in speakers(package).items():
            chance.shuffle(paths)
            strings = list(_strings(paths, most_seconds, chance))
            if sum(map(len, strings)) < LEAST_SECONDS * RATE:
                continue
            folder = out / speaker
            folder.mkdir(parents=True, exist_ok=True)
            for number, samples in enumerate(strings):
                soundfile.write(folder / f"{number:03}.flac", samples, RATE)


def _strings(
    paths: list[Path], most_seconds: float, chance: random.Random
) -> Iterator[NDArray[np.float32]]:
    total, words, wanted = 0, list[NDArray[np.float32]](), chance.uniform(*SECONDS)
    for path in paths:
        word = _word(path)
        if not 0.2 * RATE < len(word) < SECONDS[1] * RATE:
            continue
        words.append(np.pad(word, (0, PAUSE)))
        length = sum(map(len, words))
        if length > wanted * RATE:
            yield np.concatenate(words)
            total, words, wanted = total + length, [], chance.uniform(*SECONDS)
        if total > most_seconds * RATE:
            return


def _word(path: Path) -> NDArray[np.float32]:
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = soxr.resample(samples.mean(axis=1), rate, RATE)
    loud = np.flatnonzero(np.abs(mono) > SILENCE * np.abs(mono).max(initial=1e-3))
    word: NDArray[np.float32] = mono[loud[0] : loud[-1] + 1] if len(loud) else mono[:0]
    return word * np.float32(0.7 / max(np.abs(word).max(initial=0.0), 1e-3))
