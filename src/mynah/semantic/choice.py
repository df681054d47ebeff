"""Which GPT draws tokens: chosen when a model is loaded, by a test on this machine."""

import time

import torch
from torch import Tensor

from mynah.semantic.gpt import GPT
from mynah.semantic.int8 import int8_is_supported
from mynah.semantic.packed import PackedGPT

LARGEST_ERROR = 0.1
"""Of the first logits, of their own spread, at most; where 8-bit sums overflow, it is several times
more."""

LEAST_WIDTH = 128
"""Hidden size below which calling a layer takes longer than its arithmetic."""

_PHONES, _TOKENS, _STEPS = 40, 20, 3


@torch.inference_mode()
def faster(gpt: GPT) -> PackedGPT | None:
    """The GPT in 8 bits, where this machine gains by it and its predictions stay the same.

    Args:
        gpt: in fp32 on the CPU.
    """
    if gpt.config.hidden < LEAST_WIDTH or not int8_is_supported():
        return None
    exact, slow = _first_logits(gpt)
    packed = PackedGPT(gpt)
    logits, fast = _first_logits(packed)
    return packed if fast < slow and logits_error(exact, logits) <= LARGEST_ERROR else None


def logits_error(exact: Tensor, logits: Tensor) -> float:
    """What logits (..., vocabulary) differ by, of the spread of the exact ones.

    NaN, which is within no bound, if they are broken.
    """
    return float((logits - exact).norm() / (exact - exact.mean(-1, keepdim=True)).norm())


def _first_logits(gpt: GPT) -> tuple[Tensor, float]:
    """Logits after a made-up prompt and in the steps behind it, and seconds of the fastest step."""
    phones = torch.arange(_PHONES) * 7 % gpt.config.phoneme_vocabulary
    tokens = torch.arange(_TOKENS + _STEPS) * 37 % gpt.config.eos
    cache = gpt.new_cache(1, _PHONES + len(tokens))
    logits, seconds = [gpt.prefill([phones], [None], [tokens[:_TOKENS]], cache)], []
    for token in tokens[_TOKENS:]:
        began = time.perf_counter()
        logits.append(gpt.step(token[None], cache))
        seconds.append(time.perf_counter() - began)
    return torch.cat(logits), min(seconds)
