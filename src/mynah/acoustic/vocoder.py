"""Which decoder speaks: chosen when a model is loaded, by a test on this machine."""

import time
from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from mynah.acoustic.channels_last import ChannelsLastGenerator
from mynah.acoustic.hifigan import Generator
from mynah.processor import has_bfloat16

SIGNAL_TO_NOISE = 20.0
"""dB between the sound and its difference from float32's, at least; what differs then lies below
the voice, wherever that has something."""

NOISE = 1.2
"""By how much a time may be off that was taken beside other work. What is tried is made to be
faster, and only a machine where it clearly is not does without."""

TEST_FRAMES = 16
TEST_TIMES = 2


def dtypes() -> Sequence[torch.dtype]:
    """In what this processor decodes fast, the fastest first."""
    rounded = [torch.bfloat16] if has_bfloat16(torch.device("cpu")) else []
    return [*rounded, torch.float32]


@torch.inference_mode()
def faster(generator: Generator) -> ChannelsLastGenerator | None:
    """The generator in a form that this machine is not slower with, where the sound stays the same.

    Args:
        generator: fused, on the CPU.
    """
    source = torch.Generator().manual_seed(0)
    z = torch.randn(1, generator.conv_pre.in_channels, TEST_FRAMES, generator=source)
    ge = torch.randn(1, generator.cond.in_channels, 1, generator=source)
    exact, slow = _timed(partial(generator, z, ge))
    for dtype in dtypes():
        candidate = ChannelsLastGenerator(generator, dtype)
        wave, fast = _timed(partial(candidate, z, ge))
        if fast < NOISE * slow and _difference(exact, wave) >= SIGNAL_TO_NOISE:
            return candidate
    return None


def _timed(decode: Callable[[], Tensor]) -> tuple[Tensor, float]:
    """A wave, and the seconds that it takes to be decoded again."""
    wave, seconds = decode(), []
    for _ in range(TEST_TIMES):
        began = time.perf_counter()
        decode()
        seconds.append(time.perf_counter() - began)
    return wave, min(seconds)


def _difference(exact: Tensor, wave: Tensor) -> float:
    """Signal-to-noise ratio in dB; NaN, which is less than any bound, if a wave is broken."""
    return float(10 * torch.log10(exact.var() / (wave - exact).square().mean()))
