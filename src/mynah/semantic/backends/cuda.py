"""The GPT on a GPU: prefill by torch, steps by Triton kernels.

Matrices, keys and values have the selected precision; activations stay in float32.
"""

from copy import deepcopy
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from mynah.runtime.cuda import next_power_of_two
from mynah.semantic.backends import triton_kernels, triton_sampler_kernel
from mynah.semantic.backends.cuda_prefill import Prefill
from mynah.semantic.backends.cuda_slots import CudaSlots
from mynah.semantic.gpt import GPT, Layer
from mynah.semantic.sampling import MIN_TOKENS
from mynah.semantic.sequence import TokenSequence

PRODUCT = 4096
"""Numbers of a matrix that a program reads: each layer's product then has a program or two for
every processor of a large GPU."""

PLACES = 256
"""Places that attention looks at together: most sentences are two or three times that long."""


class _Norm(NamedTuple):
    gain: Tensor | None = None
    shift: Tensor | None = None

    @classmethod
    def of(cls, norm: nn.LayerNorm) -> "_Norm":
        return cls(norm.weight, norm.bias)


_PLAIN = _Norm()


class CudaGPT:
    """A GPT with its slots.

    Args:
        gpt: in fp32, in eval mode; it is copied.
        slots: of its sequences.
        recorded: true to capture prefill in graphs; `CudaDecoder` captures steps.

    Attributes:
        config: the sizes.
        logits: (slots, vocabulary) of the last step, by rows; the first row of the last prefill.
    """

    def __init__(self, gpt: GPT, slots: CudaSlots, *, recorded: bool) -> None:
        self.config, self._slots = gpt.config, slots
        self._gpt = deepcopy(gpt).requires_grad_(False).to(slots.device, slots.cache.keys.dtype)
        self._layers = [cast(Layer, layer) for layer in self._gpt.h.layers]
        rows, hidden = slots.rows, self.config.hidden

        def room(width: int) -> Tensor:
            return torch.zeros((rows, width), device=slots.device)

        self._x, self._between, self._mixed = room(hidden), room(hidden), room(hidden)
        self._projected, self._wide = room(3 * hidden), room(4 * hidden)
        self.logits = room(self.config.vocabulary)
        self._prefill = Prefill(self._gpt, slots.cache, self.logits[:1], recorded=recorded)

    @property
    def recorded(self) -> bool:
        """True if a graph was captured for every prefill so far."""
        return self._prefill.recorded

    @property
    def size(self) -> int:
        """Bytes of its weights."""
        return sum(weight.nbytes for weight in self._gpt.parameters())

    def prefill(self, sequence: TokenSequence, slot: int) -> None:
        """Prefill a slot; the first row of `logits` is that of its first token."""
        self._prefill.run(sequence.request, slot)
        self._slots.assign(sequence, slot)

    def step(self, ids: Tensor, sampled: Tensor) -> None:
        """Decode the last token of some sequences, and sample the next.

        Args:
            ids: (rows,) int32, their slots.
            sampled: (rows,) int32, filled with the samples.
        """
        self._embed(ids)
        norm = _PLAIN
        for number, layer in enumerate(self._layers):
            norm = self._layer(number, layer, norm, ids)
        predict = self._gpt.ar_predict_layer.weight
        self._product(len(ids), self._x, predict, None, self.logits, norm=norm)
        self.sample(ids, sampled)

    def sample(self, ids: Tensor, sampled: Tensor) -> None:
        """Sample the next token of some sequences from `logits`; see `step`."""
        slots = self._slots
        triton_sampler_kernel.sample[(len(ids),)](
            self.logits,
            ids,
            slots.cache.lengths,
            slots.tokens,
            slots.steps,
            slots.limits,
            slots.ended,
            slots.seen,
            slots.seeds,
            slots.counts,
            slots.shares,
            slots.temperatures,
            slots.penalties,
            sampled,
            VOCABULARY=self.config.vocabulary,
            BLOCK=slots.seen.shape[1],
            LEAST=MIN_TOKENS,
            NOTHING=triton_sampler_kernel.NOTHING,
            BROKEN=triton_sampler_kernel.BROKEN,
            num_warps=8,
        )

    def _embed(self, ids: Tensor) -> None:
        slots, gpt, hidden = self._slots, self._gpt, self.config.hidden
        triton_kernels.embed[(len(ids),)](
            slots.tokens,
            ids,
            slots.cache.lengths,
            slots.cache.text_lengths,
            gpt.ar_audio_embedding.word_embeddings.weight,
            gpt.ar_audio_position.alpha,
            gpt.ar_audio_position.table,
            self._x,
            K=hidden,
            BLOCK=next_power_of_two(hidden),
        )

    def _layer(self, number: int, layer: Layer, norm: _Norm, ids: Tensor) -> _Norm:
        """Run a layer from and to `_x`, and return the norm that is still to be applied to it."""
        attention, rows, x, between = layer.self_attn, len(ids), self._x, self._between
        projection = attention.in_proj_weight, attention.in_proj_bias
        self._product(rows, x, *projection, self._projected, norm=norm)
        self._attend(number, ids)
        out, norm1 = attention.out_proj, _Norm.of(layer.norm1)
        self._product(rows, self._mixed, out.weight, out.bias, between, beside=x, beside_norm=norm)
        wide, narrow = layer.linear1, layer.linear2
        self._product(rows, between, wide.weight, wide.bias, self._wide, norm=norm1, relu=True)
        self._product(
            rows, self._wide, narrow.weight, narrow.bias, x, beside=between, beside_norm=norm1
        )
        return _Norm.of(layer.norm2)

    def _attend(self, number: int, ids: Tensor) -> None:
        cache, config = self._slots.cache, self.config
        triton_kernels.attend[(len(ids), config.heads)](
            self._projected,
            cache.keys[number],
            cache.values[number],
            ids,
            cache.lengths,
            self._mixed,
            config.head_size**-0.5,
            HEADS=config.heads,
            SIZE=config.head_size,
            BLOCK_SIZE=next_power_of_two(config.head_size),
            CAPACITY=cache.capacity,
            BLOCK=PLACES,
            num_warps=8,
        )

    def _product(
        self,
        rows: int,
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        out: Tensor,
        *,
        norm: _Norm = _PLAIN,
        beside: Tensor | None = None,
        beside_norm: _Norm = _PLAIN,
        relu: bool = False,
    ) -> None:
        """See `triton_kernels.product`."""
        n, k = weight.shape
        width = next_power_of_two(k)
        at_once = max(1, PRODUCT // width)
        triton_kernels.product[(rows, -(-n // at_once))](
            x,
            *norm,
            weight,
            bias,
            beside,
            *beside_norm,
            out,
            K=k,
            N=n,
            BLOCK_K=width,
            BLOCK_N=at_once,
            BLOCK_BESIDE=next_power_of_two(n),
            RELU=relu,
            EPSILON=self._layers[0].norm1.eps,
        )
