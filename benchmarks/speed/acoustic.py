"""The acoustic stage alone: seconds of work for a second of sound."""

import time

import torch

from mynah.acoustic.passage import Passage
from mynah.acoustic.piecewise import decode_next
from mynah.acoustic.sovits import SoVITS


def real_time_factors(sovits: SoVITS, tokens: int = 100) -> dict[int, float]:
    """For a sentence of four seconds, after each of its pieces: by tokens that are sound."""
    generator = torch.Generator().manual_seed(0)
    timbre = torch.randn(1, sovits.config.gin_channels, 1, generator=generator)
    spoken = Passage(torch.randint(300, (40,), generator=generator), timbre)
    spoken.tokens = torch.randint(1024, (tokens,), generator=generator).tolist()
    spoken.ended = True
    factors, work = {}, 0.0
    while piece := spoken.piece:
        began = time.perf_counter()
        decode_next(sovits, [spoken])
        work += time.perf_counter() - began
        factors[piece.end] = work / (piece.end * 0.04)
    return factors
