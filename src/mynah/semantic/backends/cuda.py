"""The GPT as a GPU computes it: prompts by torch, steps by kernels of their own.

Matrices are of the precision that is asked for, and so are keys and values; what goes from one
product to the next stays in float32.
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
    """A GPT beside its seats.

    Args:
        gpt: in fp32, in eval mode; it is copied.
        seats: where its rows are.
        recorded: whether readings are recorded graphs; windows of steps are somebody else's.

    Attributes:
        config: the sizes.
        logits: (seats, vocabulary) of the last step, by rows; the first of what was read last.
    """

    def __init__(self, gpt: GPT, seats: CudaSlots, *, recorded: bool) -> None:
        self.config, self._seats = gpt.config, seats
        self._gpt = deepcopy(gpt).requires_grad_(False).to(seats.device, seats.cache.keys.dtype)
        self._layers = [cast(Layer, layer) for layer in self._gpt.h.layers]
        rows, hidden = seats.rows, self.config.hidden

        def room(width: int) -> Tensor:
            return torch.zeros((rows, width), device=seats.device)

        self._x, self._between, self._mixed = room(hidden), room(hidden), room(hidden)
        self._projected, self._wide = room(3 * hidden), room(4 * hidden)
        self.logits = room(self.config.vocabulary)
        self._reader = Prefill(self._gpt, seats.cache, self.logits[:1], recorded=recorded)

    @property
    def recorded(self) -> bool:
        """Whether all readings that there were could be recorded."""
        return self._reader.recorded

    @property
    def size(self) -> int:
        """Bytes of its weights."""
        return sum(weight.nbytes for weight in self._gpt.parameters())

    def read(self, row: TokenSequence, seat: int) -> None:
        """Reads a request into a seat; what is predicted after it is the first row's."""
        self._reader.read(row.request, seat)
        self._seats.place(row, seat)

    def step(self, slots: Tensor, given: Tensor) -> None:
        """Reads the last token of some rows, and draws the next.

        Args:
            slots: (rows,) int32, their seats.
            given: (rows,) int32, which gets what is drawn.
        """
        self._embed(slots)
        norm = _PLAIN
        for number, layer in enumerate(self._layers):
            norm = self._layer(number, layer, norm, slots)
        predict = self._gpt.ar_predict_layer.weight
        self._product(len(slots), self._x, predict, None, self.logits, norm=norm)
        self.draw(slots, given)

    def draw(self, slots: Tensor, given: Tensor) -> None:
        """Draws the next token of some rows from `logits`; see `step`."""
        seats = self._seats
        triton_sampler_kernel.draw[(len(slots),)](
            self.logits,
            slots,
            seats.cache.lengths,
            seats.tokens,
            seats.drawn,
            seats.limits,
            seats.ended,
            seats.seen,
            seats.seeds,
            seats.counts,
            seats.shares,
            seats.temperatures,
            seats.penalties,
            given,
            VOCABULARY=self.config.vocabulary,
            BLOCK=seats.seen.shape[1],
            LEAST=MIN_TOKENS,
            NOTHING=triton_sampler_kernel.NOTHING,
            BROKEN=triton_sampler_kernel.BROKEN,
            num_warps=8,
        )

    def _embed(self, slots: Tensor) -> None:
        seats, gpt, hidden = self._seats, self._gpt, self.config.hidden
        triton_kernels.embed[(len(slots),)](
            seats.tokens,
            slots,
            seats.cache.lengths,
            seats.cache.text_lengths,
            gpt.ar_audio_embedding.word_embeddings.weight,
            gpt.ar_audio_position.alpha,
            gpt.ar_audio_position.table,
            self._x,
            K=hidden,
            BLOCK=next_power_of_two(hidden),
        )

    def _layer(self, number: int, layer: Layer, norm: _Norm, slots: Tensor) -> _Norm:
        """A layer, from and to `_x`: the norm that its results are yet to go through."""
        attention, rows, x, between = layer.self_attn, len(slots), self._x, self._between
        projection = attention.in_proj_weight, attention.in_proj_bias
        self._product(rows, x, *projection, self._projected, norm=norm)
        self._attend(number, slots)
        out, norm1 = attention.out_proj, _Norm.of(layer.norm1)
        self._product(rows, self._mixed, out.weight, out.bias, between, beside=x, beside_norm=norm)
        wide, narrow = layer.linear1, layer.linear2
        self._product(rows, between, wide.weight, wide.bias, self._wide, norm=norm1, relu=True)
        self._product(
            rows, self._wide, narrow.weight, narrow.bias, x, beside=between, beside_norm=norm1
        )
        return _Norm.of(layer.norm2)

    def _attend(self, number: int, slots: Tensor) -> None:
        cache, config = self._seats.cache, self.config
        triton_kernels.attend[(len(slots), config.heads)](
            self._projected,
            cache.keys[number],
            cache.values[number],
            slots,
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
        """See `kernels.product`."""
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
