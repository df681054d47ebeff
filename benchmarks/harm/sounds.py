"""Sounds that are no speech of one person."""

import numpy as np

from benchmarks.harm.people import RATE, SECONDS, Wave

_COUNT = int(SECONDS * RATE)
_SCALE = (220.0, 246.9, 261.6, 293.7, 329.6, 349.2, 392.0, 440.0)


def white_noise() -> Wave:
    """Noise of one loudness."""
    return (0.2 * np.random.default_rng(0).standard_normal(_COUNT)).astype(np.float32)


def swelling_noise() -> Wave:
    """Noise that swells and fades five times a second, as syllables do."""
    rng = np.random.default_rng(0)
    level = np.repeat(rng.uniform(0, 1, _COUNT // 6400 + 1) ** 2, 6400)[:_COUNT]
    return (0.15 * level * rng.standard_normal(_COUNT)).astype(np.float32)


def melody() -> Wave:
    """Plucked tones of seven harmonics, four a second."""
    length = RATE // 4
    notes = np.random.default_rng(0).choice(_SCALE, _COUNT // length + 1)
    phase = 2 * np.pi * np.cumsum(np.repeat(notes, length)[:_COUNT]) / RATE
    level = np.resize(np.exp(-np.arange(length) / 3000), _COUNT)
    tones = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 8))
    return (0.2 * level * tones).astype(np.float32)


def babble(one: Wave, other: Wave) -> Wave:
    """Two people at once."""
    count = min(len(one), len(other))
    return 0.5 * (one[:count] + other[:count])
