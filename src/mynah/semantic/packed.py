"""The GPT in eight bits by torch's own kernels, for any CPU that has them."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn

from mynah.semantic.eight_bits import EightBitGPT, with_scaled_queries
from mynah.semantic.gpt import GPT, Layer, Layers
from mynah.semantic.int8 import Int8Linear
from mynah.semantic.places import Attend, Places
from mynah.semantic.tables import TableCache


class PackedLayer(nn.Module):
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


class PackedLayers(Layers):
    """The stack of layers."""

    def __init__(self, layers: Layers) -> None:
        nn.Module.__init__(self)
        self.layers = nn.ModuleList(PackedLayer(cast(Layer, layer)) for layer in layers.layers)


class PackedGPT(EightBitGPT):
    """A GPT in eight bits, computed by torch.

    Args:
        gpt: see `EightBitGPT`.
    """

    def __init__(self, gpt: GPT) -> None:
        super().__init__(gpt)
        self.h = PackedLayers(gpt.h)
        self.eval()

    @property
    def size(self) -> int:
        """Bytes beside those of the GPT."""
        return sum(layer.size for layer in cast(Iterable[PackedLayer], self.h.layers))

    def new_cache(self, rows: int, capacity: int) -> Places:
        """See `GPT.new_cache`."""
        return TableCache(self.config, rows, capacity)


def _norm(norm: nn.LayerNorm) -> Callable[[Tensor], Tensor]:
    return partial(
        torch.layer_norm,
        normalized_shape=norm.normalized_shape,
        weight=norm.weight.detach(),
        bias=norm.bias.detach(),
        eps=norm.eps,
    )
