"""Which phonemes are heard in a recording: the content encoder's CTC head, window by window."""

import numpy as np
import torch
from numpy.typing import NDArray

from mynah.audio.recording import Recording
from mynah.encoders.ctc_aligner import PhonemeScores
from mynah.training.preparation.activity import halved
from mynah.training.preparation.frames import PER_SECOND, SAMPLE_RATE, Span
from mynah.training.preparation.sound import Sound
from mynah.voice.tokens import CONTENT_RATE

LONGEST_WINDOW = 10 * PER_SECOND
"""Frames; the encoder has learnt from sentences, not from minutes."""
SHORTEST_WINDOW = 1 * PER_SECOND
_HOP = CONTENT_RATE // PER_SECOND


def hear(sound: Sound, scores: PhonemeScores) -> NDArray[np.float32]:
    """Log-probabilities (T, classes) for each frame of a whole recording."""
    samples = Recording(sound.samples, SAMPLE_RATE).at(CONTENT_RATE).samples
    whole = Span(0, len(sound.loudness))
    windows = halved(whole, sound.loudness, LONGEST_WINDOW, SHORTEST_WINDOW)
    parts = (samples[window.start * _HOP : window.end * _HOP] for window in windows)
    return np.concatenate([scores(torch.from_numpy(part)[None])[0].numpy() for part in parts])
