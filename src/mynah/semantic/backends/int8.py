"""Int8 backend: linear layers with 8-bit weights and exact integer sums, and a GPT made of them."""

import warnings
from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn

from mynah.runtime.device import has_vnni
from mynah.semantic.backends.block_cache import TableKVCache
from mynah.semantic.gpt import GPT, Attention, Layer, Layers
from mynah.semantic.kv_cache import Attend, KVCache

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
        positive: true if inputs are never negative, which saves a bit.

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
    """True if this processor has the kernels; a test at loading tells if they are exact."""
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


class Int8GPT(GPT):
    """A GPT for inference only; a sequence's tokens do not depend on the batch.

    Args:
        gpt: in fp32 on the CPU, in eval mode; it shares all but its layers with this one.
    """

    def __init__(self, gpt: GPT) -> None:
        nn.Module.__init__(self)  # a GPT's own makes random weights
        self.config, self.sampling = gpt.config, gpt.sampling
        for name, module in gpt.named_children():
            if module is not gpt.h:
                self.add_module(name, module)

    @property
    @abstractmethod
    def size(self) -> int:
        """Bytes beside those of the GPT."""

    def prefill(
        self,
        phones: Sequence[Tensor],
        bert: Sequence[Tensor | None],
        prompts: Sequence[Tensor],
        cache: KVCache,
        first: int = 0,
    ) -> Tensor:
        """See `GPT.prefill`; one request at a time, because padding changes roundings."""
        one = super().prefill
        logits = [
            one(phones[at : at + 1], bert[at : at + 1], prompts[at : at + 1], cache, first + at)
            for at in range(len(phones))
        ]
        return torch.cat(logits)


def with_scaled_queries(attention: Attention) -> tuple[Tensor, Tensor]:
    """Weight and bias of a projection whose queries are divided by their root already."""
    hidden = attention.out_proj.in_features
    weight, bias = attention.in_proj_weight.detach(), attention.in_proj_bias.detach()
    scale = torch.ones(len(bias))
    scale[:hidden] = (hidden // attention.heads) ** -0.5
    return weight * scale[:, None], bias * scale


class Int8Layer(nn.Module):
    """A `Layer` whose matrices have eight bits."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        attention = layer.self_attn
        self._heads = attention.heads
        self._in = Int8Linear(*with_scaled_queries(attention))
        self._out = Int8Linear(attention.out_proj.weight, attention.out_proj.bias)
        self._widen = Int8Linear(layer.linear1.weight, layer.linear1.bias)
        self._narrow = Int8Linear(layer.linear2.weight, layer.linear2.bias, positive=True)
        # Modules of their own would take longer to be called than to compute.
        self._norm1, self._norm2 = _norm(layer.norm1), _norm(layer.norm2)

    def forward(self, x: Tensor, attend: Attend) -> Tensor:
        """(rows, time, hidden) to the same shape; see `Layer` and `Attention`."""
        mixed = attend(self._in(x).view(*x.shape[:2], 3, self._heads, -1))
        x = self._norm1(x + self._out(mixed))
        return self._norm2(x + self._narrow(self._widen(x).relu_()))

    @property
    def size(self) -> int:
        """Bytes of its matrices."""
        return sum(each.size for each in (self._in, self._out, self._widen, self._narrow))


class Int8Layers(Layers):
    """The stack of layers."""

    def __init__(self, layers: Layers) -> None:
        nn.Module.__init__(self)
        self.layers = nn.ModuleList(Int8Layer(cast(Layer, layer)) for layer in layers.layers)


class TorchInt8GPT(Int8GPT):
    """A GPT in eight bits, computed by torch.

    Args:
        gpt: see `Int8GPT`.
    """

    def __init__(self, gpt: GPT) -> None:
        super().__init__(gpt)
        self.h = Int8Layers(gpt.h)
        self.eval()

    @property
    def size(self) -> int:
        """Bytes beside those of the GPT."""
        return sum(layer.size for layer in cast(Iterable[Int8Layer], self.h.layers))

    def new_cache(self, rows: int, capacity: int) -> KVCache:
        return TableKVCache(self.config, rows, capacity)


def _norm(norm: nn.LayerNorm) -> Callable[[Tensor], Tensor]:
    return partial(
        torch.layer_norm,
        normalized_shape=norm.normalized_shape,
        weight=norm.weight.detach(),
        bias=norm.bias.detach(),
        eps=norm.eps,
    )
