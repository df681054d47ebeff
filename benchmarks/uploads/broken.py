"""Recordings that were cut, spliced, changed, or made to take long."""

import io
import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import soundfile

from benchmarks.uploads.sounds import FORMATS, encoded, noise

_SECONDS = 4.0
_HEADER = 128


@dataclass(frozen=True, slots=True)
class Broken:
    """A recording that is not whole.

    Attributes:
        way: how it was broken.
        data: the file.
    """

    way: str
    data: bytes


def broken_recordings(number: int, seed: int) -> Iterator[Broken]:
    """Make recordings, the same for the same seed."""
    chance = random.Random(seed)
    files = [encoded(noise(seed + n, _SECONDS), form) for n, form in enumerate(FORMATS)]
    for n in range(number):
        data, other = files[n % len(files)], chance.choice(files)
        yield chance.choices(
            (_cut, _splice, _change, _bomb), weights=(40, 25, 34, 1)
        )[0](data, other, chance)  # fmt: skip


def _cut(data: bytes, _: bytes, chance: random.Random) -> Broken:
    return Broken("cut", data[: int(chance.uniform(0.005, 0.99) * len(data))])


def _splice(data: bytes, other: bytes, chance: random.Random) -> Broken:
    end, start = int(chance.random() * len(data)), int(chance.random() * len(other))
    return Broken("spliced", data[:end] + other[start:])


def _change(data: bytes, _: bytes, chance: random.Random) -> Broken:
    changed = bytearray(data)
    for _number in range(chance.randint(1, 20)):
        last = min(_HEADER, len(data)) if chance.random() < 0.6 else len(data)
        changed[chance.randrange(last)] = chance.randrange(256)
    return Broken("changed", bytes(changed))


def _bomb(_: bytes, __: bytes, chance: random.Random) -> Broken:
    rate, channels, form = chance.choice(
        [(192_000, 8, "FLAC/PCM_16"), (8_000, 1, "OGG/OPUS"), (48_000, 2, "WAV/G721_32")]
    )
    kind, subtype = form.split("/")
    channels = 1 if subtype == "G721_32" else channels
    file = io.BytesIO()
    second = np.zeros((rate, channels), np.int16)
    with soundfile.SoundFile(file, "w", rate, channels, format=kind, subtype=subtype) as opened:
        for _number in range(299 if channels == 1 and rate < 48_000 else 60):
            opened.write(second)
    return Broken("bomb", file.getvalue())
