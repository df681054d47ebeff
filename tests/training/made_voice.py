"""A voice that is made up: each token is a pitch, and each phoneme four tokens."""

import numpy as np

from mynah.training.prepare.slices import Slice

PITCHES = {7: 200.0, 19: 300.0, 300: 450.0}
PHONES = {7: 20, 19: 40, 300: 60}
SAMPLES_A_TOKEN = 1280


def made_slice(seed, tokens=52, words=True):
    rng = np.random.default_rng(seed)
    spoken = rng.choice(list(PITCHES), tokens // 4)
    codes = np.repeat(spoken, 4)
    pitch = np.repeat([PITCHES[code] for code in codes], SAMPLES_A_TOKEN)
    wave = 0.3 * np.sin(2 * np.pi * np.cumsum(pitch) / 32_000)
    phones = [PHONES[code] for code in spoken] if words else []
    text = "Hello, my friend." if words else None
    return Slice(wave.astype(np.float32), text, phones, codes.tolist())


def made_slices(count, first=0, **how):
    return [made_slice(first + number, **how) for number in range(count)]


class Listener:
    """A report that remembers."""

    def __init__(self):
        self.told = []
        self.messages = []
        self.checkpoints = 0

    def progress(self, step, percent, losses=None):
        self.told.append((step, percent, dict(losses or {})))

    def message(self, text):
        self.messages.append(text)

    def checkpoint(self):
        self.checkpoints += 1


def never():
    return False


class StopAt:
    """Asks a training to stop at its n-th step."""

    def __init__(self, asked):
        self.left = asked

    def __call__(self):
        self.left -= 1
        return self.left < 0
