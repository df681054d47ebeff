"""Semantic tokens of a slice, as a prompt's are read (`mynah.voice.prompt`)."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from mynah.training.preparation.frames import PER_TOKEN, SAMPLE_RATE, SAMPLES
from mynah.voice.prompt import CONTENT_RATE, ContentFeatures, VoiceReader
from mynah.voice.recording import Recording

_SILENCE = CONTENT_RATE // 10
"""Samples that are heard after the slice: HuBERT gives a frame less than it is given."""


@torch.inference_mode()
def codes_of(
    samples: NDArray[np.float32], content: ContentFeatures, reader: VoiceReader
) -> list[int]:
    """Reads 32 kHz samples (1280 N,) as N tokens."""
    at_content_rate = Recording(samples, SAMPLE_RATE).at(CONTENT_RATE).samples
    padded = F.pad(torch.from_numpy(at_content_rate), (0, _SILENCE))
    tokens = reader.tokens(content(padded[None]).transpose(1, 2))[0]
    codes: list[int] = tokens[: len(samples) // (SAMPLES * PER_TOKEN)].tolist()
    return codes
