"""The GPT in eight bits, for a CPU: the same network with faster layers.

A step reads every weight once and does little else, so it is as fast as its weights are small.
Embeddings and the prediction of the next token, which are a small part, stay as they are.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn

from mynah.semantic.gpt import GPT, Attention, Layer, Layers
from mynah.semantic.int8 import Int8Linear
from mynah.semantic.places import Attend, Places
from mynah.semantic.tables import TableCache


class PackedLayer(nn.Module):
    """A `Layer` whose matrices have eight bits."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        attention = layer.self_attn
        self._heads = attention.heads
        self._in = Int8Linear(*_with_scaled_queries(attention))
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


class PackedGPT(GPT):
    """A GPT for speaking, not for training: nobody's tokens depend on whom they are drawn with.

    Args:
        gpt: in fp32 on the CPU, in eval mode; it shares what is not packed with this one.
    """

    def __init__(self, gpt: GPT) -> None:
        nn.Module.__init__(self)  # a GPT's own makes random weights
        self.config, self.sampling = gpt.config, gpt.sampling
        for name, module in gpt.named_children():
            self.add_module(name, module)
        self.h = PackedLayers(gpt.h)
        self.eval()

    @property
    def size(self) -> int:
        """Bytes beside those of the GPT."""
        return sum(layer.size for layer in cast(Iterable[PackedLayer], self.h.layers))

    def new_cache(self, rows: int, capacity: int) -> Places:
        """See `GPT.new_cache`."""
        return TableCache(self.config, rows, capacity)

    def prefill(
        self,
        phones: Sequence[Tensor],
        bert: Sequence[Tensor | None],
        prompts: Sequence[Tensor],
        cache: Places,
        first: int = 0,
    ) -> Tensor:
        """See `GPT.prefill`; each request is read by itself, because padding changes roundings."""
        read = super().prefill
        logits = [
            read(phones[at : at + 1], bert[at : at + 1], prompts[at : at + 1], cache, first + at)
            for at in range(len(phones))
        ]
        return torch.cat(logits)


def _norm(norm: nn.LayerNorm) -> Callable[[Tensor], Tensor]:
    return partial(
        torch.layer_norm,
        normalized_shape=norm.normalized_shape,
        weight=norm.weight.detach(),
        bias=norm.bias.detach(),
        eps=norm.eps,
    )


def _with_scaled_queries(attention: Attention) -> tuple[Tensor, Tensor]:
    """Projection whose queries are divided already, as `TableCache` wants them."""
    hidden = attention.out_proj.in_features
    weight, bias = attention.in_proj_weight.detach(), attention.in_proj_bias.detach()
    scale = torch.ones(len(bias))
    scale[:hidden] = (hidden // attention.heads) ** -0.5
    return weight * scale[:, None], bias * scale
