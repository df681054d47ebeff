"""Selection of the decoder's backend: by a test on this machine when a model is loaded."""

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from mynah.acoustic.backends.channels_last import ChannelsLastGenerator
from mynah.acoustic.backends.cuda import CudaSoVITS
from mynah.acoustic.sovits.hifigan import Generator
from mynah.acoustic.sovits.model import SoVITS
from mynah.runtime.device import Precision, has_bfloat16

SIGNAL_TO_NOISE = 20.0
"""Least signal-to-noise ratio against float32, in dB: the difference then lies below the voice."""

NOISE = 1.2
"""Tolerance of a timing that was taken beside other work. A candidate is built to be faster, and
only a machine where it clearly is slower does without."""

TEST_FRAMES = 16
TEST_TIMES = 2

_log = logging.getLogger(__name__)


def dtypes() -> Sequence[torch.dtype]:
    """Types in which this processor decodes fast, the fastest first."""
    rounded = [torch.bfloat16] if has_bfloat16(torch.device("cpu")) else []
    return [*rounded, torch.float32]


@torch.inference_mode()
def select_cpu(generator: Generator) -> ChannelsLastGenerator | None:
    """The generator's CPU backend, if it is no slower on this machine and sounds the same.

    Args:
        generator: fused, on the CPU.
    """
    z, ge = _made_up(generator)
    exact, slow = _timed(partial(generator, z, ge))
    for dtype in dtypes():
        candidate = ChannelsLastGenerator(generator, dtype)
        wave, fast = _timed(partial(candidate, z, ge))
        if fast < NOISE * slow and _difference(exact, wave) >= SIGNAL_TO_NOISE:
            return candidate
    return None


@torch.inference_mode()
def select_cuda(
    sovits: SoVITS, device: torch.device, precision: Precision = "auto"
) -> CudaSoVITS | None:
    """The network on a GPU that can compute it, and sounds the same.

    Args:
        sovits: fused, on the CPU.
        device: the GPU.
        precision: `auto` decodes in half precision.
    """
    # Torch convolves on a GPU with ten bits behind the point by default.
    torch.backends.cudnn.allow_tf32 = precision == "auto"
    z, ge = _made_up(sovits.dec)
    exact: Tensor = sovits.dec(z, ge)
    for dtype in (torch.float16, torch.float32) if precision == "auto" else (torch.float32,):
        try:
            candidate = CudaSoVITS(sovits, device, dtype)
            wave = candidate.dec(z.to(device), ge.to(device), None).cpu()
        except Exception:  # there are many kinds of GPUs and drivers; the CPU always can
            _log.warning("The SoVITS cannot run on %s; the CPU does it.", device, exc_info=True)
            return None
        if _difference(exact, wave) >= SIGNAL_TO_NOISE:
            return candidate
    _log.warning("The SoVITS sounds wrong on %s; the CPU does it.", device)
    return None


def _made_up(generator: Generator) -> tuple[Tensor, Tensor]:
    """Random latents and a timbre."""
    source = torch.Generator().manual_seed(0)
    z = torch.randn(1, generator.conv_pre.in_channels, TEST_FRAMES, generator=source)
    return z, torch.randn(1, generator.cond.in_channels, 1, generator=source)


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
