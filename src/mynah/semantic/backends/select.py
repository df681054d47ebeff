"""Selection of the GPT's backend: by a test on this machine when a model is loaded."""

import logging
import time
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from mynah.runtime.device import Precision
from mynah.semantic.backends.int8 import Int8GPT, TorchInt8GPT, int8_is_supported
from mynah.semantic.backends.native_int8 import NativeInt8GPT, is_available
from mynah.semantic.gpt import GPT
from mynah.semantic.sequence import SemanticRequest, TokenSequence

if TYPE_CHECKING:
    from mynah.semantic.backends.cuda_batch import CudaDecoder

LARGEST_ERROR = 0.1
"""Largest error of the first logits, relative to their spread; where 8-bit sums overflow, it is
several times more."""

LEAST_WIDTH = 128
"""Hidden size below which calling a layer takes longer than its arithmetic."""

_PHONES, _TOKENS, _STEPS = 40, 20, 3

_log = logging.getLogger(__name__)


def quantize(gpt: GPT) -> Int8GPT:
    """The GPT in 8 bits, compiled if that was possible here."""
    return NativeInt8GPT(gpt) if is_available(gpt.config) else TorchInt8GPT(gpt)


@torch.inference_mode()
def select_cpu(gpt: GPT) -> Int8GPT | None:
    """The GPT in 8 bits, if that is faster on this machine and its predictions stay the same.

    Args:
        gpt: in fp32 on the CPU.
    """
    if gpt.config.hidden < LEAST_WIDTH or not int8_is_supported():
        return None
    exact, slow = first_logits(gpt)
    packed = quantize(gpt)
    logits, fast = first_logits(packed)
    return packed if fast < slow and logits_error(exact, logits) <= LARGEST_ERROR else None


@torch.inference_mode()
def select_cuda(
    gpt: GPT, device: torch.device, precision: Precision = "auto"
) -> "CudaDecoder | None":
    """The GPT on a GPU that can compute it, and predicts the same.

    Args:
        gpt: in fp32 on the CPU.
        device: the GPU.
        precision: `auto` has weights, keys and values in half precision.
    """
    try:
        # Its kernels are Triton's, which comes with torch's builds for CUDA only.
        from mynah.semantic.backends.cuda_batch import CudaDecoder  # noqa: PLC0415

        dtype = torch.float16 if precision == "auto" else torch.float32
        graphs = CudaDecoder.on(device, gpt, dtype)
        error = logits_error(first_logits(gpt)[0], first_logits_on_gpu(graphs))
    except Exception:  # there are many kinds of GPUs and drivers; the CPU always can
        _log.warning("The GPT cannot run on %s; the CPU does it.", device, exc_info=True)
        return None
    if not error <= LARGEST_ERROR:
        _log.warning("The GPT is wrong by %.3f on %s; the CPU does it.", error, device)
        return None
    return graphs


@torch.inference_mode()
def first_logits_on_gpu(graphs: "CudaDecoder") -> Tensor:
    """The counterpart of `first_logits` on a GPU; the logits are copied to the CPU."""
    config, device = graphs.config, graphs.slots.device
    phones, tokens = _made_up(config.phoneme_vocabulary, config.eos)
    request = SemanticRequest(phones, tokens[:_TOKENS])
    sequence = TokenSequence.of(request, config.vocabulary, torch.device("cpu"))
    slot = graphs.slots.acquire()
    graphs.prefill([(sequence, slot)])
    slots = torch.tensor([slot], dtype=torch.int32, device=device)
    sampled, logits = torch.zeros_like(slots), [graphs.network.logits[:1].cpu()]
    for token in tokens[_TOKENS:].tolist():
        graphs.slots.set_token(slot, token)
        graphs.network.step(slots, sampled)
        logits.append(graphs.network.logits[:1].cpu())
    graphs.slots.release(slot)
    return torch.cat(logits)


def logits_error(exact: Tensor, logits: Tensor) -> float:
    """Error of logits (..., vocabulary), relative to the spread of the exact ones.

    NaN, which is within no bound, if they are broken.
    """
    return float((logits - exact).norm() / (exact - exact.mean(-1, keepdim=True)).norm())


@torch.inference_mode()
def first_logits(gpt: GPT) -> tuple[Tensor, float]:
    """Logits after a made-up prompt and in the steps behind it, and seconds of the fastest step."""
    phones, tokens = _made_up(gpt.config.phoneme_vocabulary, gpt.config.eos)
    cache = gpt.new_cache(1, _PHONES + len(tokens))
    logits, seconds = [gpt.prefill([phones], [None], [tokens[:_TOKENS]], cache)], []
    for token in tokens[_TOKENS:]:
        began = time.perf_counter()
        logits.append(gpt.step(token[None], cache))
        seconds.append(time.perf_counter() - began)
    return torch.cat(logits), min(seconds)


def _made_up(phonemes: int, eos: int) -> tuple[Tensor, Tensor]:
    """Ids of phonemes and of tokens, those of the steps behind the prompt included."""
    return torch.arange(_PHONES) * 7 % phonemes, torch.arange(_TOKENS + _STEPS) * 37 % eos
