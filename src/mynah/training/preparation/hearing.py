"""Which phonemes are heard in a recording: the content encoder's CTC head, window by window."""

from importlib.resources import as_file, files

import numpy as np
import torch
from numpy.typing import NDArray

from mynah.audio.recording import Recording
from mynah.checkpoints.content import load_content
from mynah.checkpoints.folder import CONTENT
from mynah.encoders.ctc_aligner import Head, PhonemeScores
from mynah.training.preparation.activity import halved
from mynah.training.preparation.frames import PER_SECOND, SAMPLE_RATE, Span
from mynah.training.preparation.sound import Sound
from mynah.voice.tokens import CONTENT_RATE, ContentEncoder

LONGEST_WINDOW = 10 * PER_SECOND
"""Frames; the encoder has learnt from sentences, not from minutes."""
SHORTEST_WINDOW = 1 * PER_SECOND
_HOP = CONTENT_RATE // PER_SECOND


def phoneme_scores(content: ContentEncoder) -> PhonemeScores | None:
    """What names phonemes: the model's own encoder, or the starter's if that is a HuBERT.

    Returns:
        None if neither can.

    Raises:
        CheckpointError: the starter's encoder cannot be read.
    """
    encoder = content.encoder
    if encoder is None:
        with as_file(files("mynah") / "starter" / CONTENT) as path:
            encoder = load_content(path) if path.is_file() else None
    return None if encoder is None else Head(encoder)


def hear(sound: Sound, scores: PhonemeScores) -> NDArray[np.float32]:
    """Log-probabilities (T, classes) for each frame of a whole recording."""
    samples = Recording(sound.samples, SAMPLE_RATE).at(CONTENT_RATE).samples
    whole = Span(0, len(sound.loudness))
    windows = halved(whole, sound.loudness, LONGEST_WINDOW, SHORTEST_WINDOW)
    parts = (samples[window.start * _HOP : window.end * _HOP] for window in windows)
    return np.concatenate([scores(torch.from_numpy(part)[None])[0].numpy() for part in parts])
