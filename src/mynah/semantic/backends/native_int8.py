"""The GPT in eight bits, compiled for processors with AVX-512 and VNNI.

`_native_int8.c` has the arithmetic, and why it is not torch's. It is built when Mynah is installed,
where there is a compiler; without one, or on another processor, `TorchInt8GPT` does the same.
"""

import struct
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mynah.semantic.backends.block_cache import BlockKVCache
from mynah.semantic.backends.int8 import LEAST, Int8GPT, with_scaled_queries
from mynah.semantic.config import SemanticConfig
from mynah.semantic.gpt import GPT, Layer
from mynah.semantic.kv_cache import BLOCK, AppendedSlots, KVCache, zeros

try:
    from mynah.semantic.backends import _native_int8
except ImportError:
    _native_int8 = None  # type: ignore[assignment]

OUTPUTS, INPUTS = 64, 4
"""Rows and columns of a matrix that lie side by side."""
ZERO = 128
"""Code of 0 where inputs may be negative."""
FEWEST, WORTH = 4, 30_000_000
"""Rows, and products of them, from which a thread of their own pays off."""

_helpers = ThreadPoolExecutor(thread_name_prefix="semantic rows")


def is_available(config: SemanticConfig) -> bool:
    """True if the layers were built for such sizes, and this processor can compute them."""
    return (
        _native_int8 is not None
        and _native_int8.supported()
        and config.hidden % OUTPUTS == 0
        and (config.head_size < 16 or config.head_size % 16 == 0)
    )


class NativeInt8GPT(Int8GPT):
    """A GPT in eight bits, whose layers are compiled.

    It shares the rows of a step among as many threads as torch has when it is made. Torch itself
    had better have one where it is used, since its threads keep cores busy after their work.

    Args:
        gpt: see `Int8GPT`; of sizes of which `is_available`.
    """

    def __init__(self, gpt: GPT) -> None:
        super().__init__(gpt)
        self._threads = torch.get_num_threads()
        layers = [cast(Layer, layer) for layer in gpt.h.layers]
        self._matrices = [_matrices(layer) for layer in layers]
        # What follows holds the addresses of these, and of the norms, which are the GPT's own.
        self._norms = [(layer.norm1, layer.norm2) for layer in layers]
        self._layers = _bytes(
            part
            for matrices, norms in zip(self._matrices, self._norms, strict=True)
            for part in (*(each.described for each in matrices), *map(_norm, norms))
        )
        sizes = len(layers), gpt.config.heads, gpt.config.head_size
        self._prediction = _predicting(gpt.ar_predict_layer.weight)
        self._network = _bytes(
            [struct.pack("4q", *sizes, self._layers.data_ptr()), self._prediction.described]
        )
        self._rows_of_a_thread = max(FEWEST, WORTH // self.size)
        self.eval()

    @property
    def size(self) -> int:
        """Bytes beside those of the GPT."""
        inside = sum(each.weight.nbytes for matrices in self._matrices for each in matrices)
        return inside + self._prediction.weight.nbytes

    @property
    def step_threads(self) -> int:
        """One: the C code has threads of its own."""
        return 1

    def new_cache(self, rows: int, capacity: int) -> KVCache:
        return SlotKVCache(self.config, rows, capacity)

    def _prefill_layers(
        self, x: Tensor, cache: KVCache, first: int, phones: Sequence[int], tokens: Sequence[int]
    ) -> Tensor:
        rows = cast(SlotKVCache, cache).fill(first, phones, tokens)
        return self._run(x[0].contiguous(), rows)[None]

    def _step_layers(self, x: Tensor, grown: Sequence[AppendedSlots]) -> Tensor:
        rows = torch.cat([cast(SlotKVCache, part.cache).slots(part.last) for part in grown])
        threads = min(self._threads, len(rows) // self._rows_of_a_thread)
        if threads > 1:
            parts = zip(x.tensor_split(threads), rows.tensor_split(threads), strict=True)
            for done in [_helpers.submit(self._run, *part) for part in parts]:
                done.result()
            return x
        return self._run(x, rows)

    def _predict(self, x: Tensor) -> Tensor:
        x, logits = x.contiguous(), torch.empty(len(x), len(self._prediction.bias))
        _native_int8.predict(self._network.data_ptr(), x.data_ptr(), len(x), logits.data_ptr())
        return logits[:, : self.config.vocabulary]

    def _run(self, x: Tensor, slots: Tensor) -> Tensor:
        """Rows (rows, hidden), each with a slot, through the layers, in place."""
        _native_int8.run(self._network.data_ptr(), slots.data_ptr(), len(x), x.data_ptr())
        return x


class SlotKVCache(BlockKVCache):
    """A cache that hands the C code a `Slot` for each row: addresses, place and visible length."""

    def __init__(self, config: SemanticConfig, rows: int, capacity: int) -> None:
        super().__init__(rows, capacity, torch.device("cpu"))
        blocks, size = -(-capacity // BLOCK), config.head_size
        of_layers = (config.layers, rows, config.heads)
        self.keys = zeros((*of_layers, blocks, size, BLOCK), torch.float16, self.device)
        self.values = zeros((*of_layers, blocks * BLOCK, size), torch.float16, self.device)
        further, row = self.keys[0].numel(), self.keys[0, 0].nbytes
        starts = self.keys.data_ptr(), self.values.data_ptr()
        self._rows = torch.tensor(
            [[start + n * row for start in starts] + [further, blocks * BLOCK] for n in range(rows)]
        )

    def fill(self, first: int, phones: Sequence[int], tokens: Sequence[int]) -> Tensor:
        """Start a slot anew, and describe it at each of its places, (places, 6)."""
        assert len(phones) == 1, phones
        self.begin(first, phones, tokens)
        places = torch.arange(phones[0] + tokens[0])
        visible = (places + 1).clamp(min=phones[0])
        row = self._rows[first].expand(len(places), -1)
        return torch.cat([row, places[:, None], visible[:, None]], dim=1)

    def slots(self, last: Tensor) -> Tensor:
        """Describe the first slots at new places, (rows, 6)."""
        return torch.cat([self._rows[: len(last)], last[:, None], last[:, None] + 1], dim=1)


@dataclass(frozen=True, slots=True, eq=False)
class _Matrix:
    """A matrix as the products want it; see `Matrix` in `_native_int8.c`.

    Attributes:
        inputs: columns.
        weight: int8, (outputs / 64, inputs / 4, 64, 4).
        scales: (outputs,).
        zeros: int32, (outputs,).
        bias: (outputs,).
    """

    inputs: int
    weight: Tensor
    scales: Tensor
    zeros: Tensor
    bias: Tensor

    @classmethod
    def of(cls, weight: Tensor, bias: Tensor, *, positive: bool = False) -> Self:
        """Round a weight (outputs, inputs); `positive`: what goes in is never negative."""
        weight, bias = weight.detach(), bias.detach()
        scales = weight.abs().amax(1).clamp_min(LEAST) / 127
        whole = (weight / scales[:, None]).round().to(torch.int8)
        laid_out = whole.unflatten(0, (-1, OUTPUTS)).unflatten(2, (-1, INPUTS)).transpose(1, 2)
        zeros = whole.sum(dim=1, dtype=torch.int32) * (0 if positive else ZERO)
        steps = 255 if positive else ZERO - 1
        return cls(weight.shape[1], laid_out.contiguous(), scales / steps, zeros, bias.contiguous())

    @property
    def described(self) -> bytes:
        """Sizes and addresses."""
        parts = (self.weight, self.scales, self.zeros, self.bias)
        addresses = [part.data_ptr() for part in parts]
        return struct.pack("6q", self.inputs, len(self.bias), *addresses)


def _matrices(layer: Layer) -> list[_Matrix]:
    return [
        _Matrix.of(*with_scaled_queries(layer.self_attn)),
        _Matrix.of(layer.self_attn.out_proj.weight, layer.self_attn.out_proj.bias),
        _Matrix.of(layer.linear1.weight, layer.linear1.bias),
        _Matrix.of(layer.linear2.weight, layer.linear2.bias, positive=True),
    ]


def _predicting(weight: Tensor) -> _Matrix:
    """The prediction, with as many outputs more as the products need."""
    padded = F.pad(weight, (0, 0, 0, -len(weight) % OUTPUTS))
    return _Matrix.of(padded, torch.zeros(len(padded)))


def _norm(norm: nn.LayerNorm) -> bytes:
    return struct.pack("2qd", norm.weight.data_ptr(), norm.bias.data_ptr(), norm.eps)


def _bytes(parts: Iterable[bytes]) -> Tensor:
    """Bytes that stay where they are."""
    return torch.frombuffer(bytearray(b"".join(parts)), dtype=torch.uint8)
