"""Linear layers in eight bits: a quarter of the memory to read, and exact sums.

A weight's row is stored as whole numbers times a scale of its own; what goes in is rounded row
by row, each with a scale of its own, too (and to seven bits where the processor's sums would
overflow). The products are added up as integers, so that a row's result does not depend by a
single bit on which rows are computed with it. That is why the kernel is given rows of size one and
a fixed scale: torch's own dynamic quantisation shares a scale among all rows.
"""

import warnings

import torch
from torch import Tensor

from mynah.runtime.device import has_vnni

ENGINE = "fbgemm"
"""Torch's kernels for 8-bit products on x86."""

# Torch's wrapper looks into every argument for objects of tracing: a third of a small step.
_PRODUCT = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32.default._op
LEAST = 1e-12
"""Stands for the scale of a row of zeros, which nothing may be divided by."""


class Int8Linear:
    """`F.linear` in 8 bits, for rows (..., in) in fp32 to (..., out).

    Args:
        weight: (out, in).
        bias: (out,).
        positive: whether what goes in is never negative, which spares it a bit.

    Attributes:
        size: bytes of the matrix.
    """

    def __init__(self, weight: Tensor, bias: Tensor, *, positive: bool = False) -> None:
        self._bias = bias.detach()
        self._positive = positive
        most = 255 if has_vnni() else 127
        self._step, self._zero = (1 / most, 0) if positive else (1 / (most // 2), most // 2 + 1)
        self._packed = _packed(weight.detach())
        self.size = weight.numel()

    def __call__(self, x: Tensor) -> Tensor:
        """Rows (..., in) to (..., out)."""
        # A row of zeros has size 0 and becomes numbers that mean nothing, times 0.
        size = (x if self._positive else x.abs()).amax(-1, keepdim=True)
        product = _PRODUCT(x / size, self._step, self._zero, self._packed)
        return torch.addcmul(self._bias, product, size)


def int8_is_supported() -> bool:
    """Whether this processor has the kernels; whether they are exact is for a test to say."""
    return ENGINE in torch.backends.quantized.supported_engines


def _packed(weight: Tensor) -> torch.ScriptObject:
    scales = weight.abs().amax(1).clamp_min(LEAST) / 127
    zeros = torch.zeros(len(weight), dtype=torch.long)
    with warnings.catch_warnings():
        # Torch says that these tensors will go, and has no other way into its kernel yet.
        warnings.simplefilter("ignore", UserWarning)
        rounded = torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)
    before = torch.backends.quantized.engine
    torch.backends.quantized.engine = ENGINE  # whose weights know it; it matters here only
    try:
        return torch.ops.quantized.linear_prepack(rounded, None)
    finally:
        torch.backends.quantized.engine = before
