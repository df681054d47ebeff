"""What a GPU reads before it draws: phonemes and the prompt, as a recorded graph.

A row is read by itself, since rows beside it would change roundings. Its layers are then some five
hundred kernels, each of which the CPU takes longer to start than the GPU to compute. So the reading
of a length is recorded when it is first asked for, and played from then on with one call; lengths
are filled up to powers of two.
"""

from functools import partial

import torch
from torch import Tensor

from mynah.runtime.cuda import capture_graph, copy_async, next_power_of_two
from mynah.semantic.config import BERT_SIZE, POSITIONS
from mynah.semantic.gpt import GPT, visible_places
from mynah.semantic.kv_cache import TorchKVCache, attend, split
from mynah.semantic.sequence import SemanticRequest

SHORTEST = 64
"""Phonemes and tokens that shorter rows are filled up to."""


class Prefill:
    """Reads rows into a cache, one at a time.

    Args:
        gpt: where the cache is, and in its precision.
        cache: what is filled.
        logits: (1, vocabulary), which gets those of the first token.
        recorded: whether readings are recorded; they are played kernel by kernel otherwise.
    """

    def __init__(self, gpt: GPT, cache: TorchKVCache, logits: Tensor, *, recorded: bool) -> None:
        self._gpt, self._cache, self._logits = gpt, cache, logits
        self._pool = torch.cuda.graph_pool_handle() if recorded else None
        self._readings: dict[int, _Reading] = {}

    @property
    def recorded(self) -> bool:
        """Whether all readings that there were could be."""
        return all(reading.graph for reading in self._readings.values())

    def read(self, request: SemanticRequest, row: int) -> None:
        """Reads a request into a row of the cache, in the current stream."""
        places = min(self._cache.capacity, max(SHORTEST, next_power_of_two(request.prefill_length)))
        reading = self._readings.get(places)
        if reading is None:
            reading = self._readings[places] = self._reading(places)
        reading.tell(request, row)
        reading.play()

    def _reading(self, places: int) -> "_Reading":
        reading = _Reading(self._gpt, self._cache, self._logits, places)
        if self._pool is not None:
            reading.record(self._pool)
        return reading


class _Reading:
    """The reading of rows of up to so many places, with all that it is told at a place of its own.

    Attributes:
        graph: that does it; without one kernels are started one by one.
    """

    def __init__(self, gpt: GPT, cache: TorchKVCache, logits: Tensor, places: int) -> None:
        self._gpt, self._cache, self._logits, self._places = gpt, cache, logits, places
        device, fitting = cache.device, min(places, POSITIONS)
        self._phones = torch.zeros((1, fitting), dtype=torch.long, device=device)
        self._tokens = torch.zeros((1, fitting), dtype=torch.long, device=device)
        self._bert = torch.zeros((1, BERT_SIZE, fitting), device=device)
        # Phonemes, phonemes and tokens, and the row: at first the last one, which is spare.
        self._sizes = torch.tensor([1, 1, cache.rows - 1], device=device)
        self.graph: torch.cuda.CUDAGraph | None = None

    def tell(self, request: SemanticRequest, row: int) -> None:
        """Puts in what is to be read. What is behind it, of an earlier row, is seen by nobody."""
        sizes = torch.tensor([len(request.phones), request.prefill_length, row])
        copy_async(sizes, self._sizes)
        copy_async(request.phones, self._phones[0, : len(request.phones)])
        copy_async(request.prompt, self._tokens[0, : len(request.prompt)])
        if request.bert is None:
            self._bert.zero_()
        else:
            copy_async(request.bert, self._bert[0, :, : len(request.phones)])

    def play(self) -> None:
        """Reads it."""
        if self.graph:
            self.graph.replay()
        else:
            self._compute()

    def record(self, pool: "torch.cuda._POOL_HANDLE") -> None:
        """Records what `play` does."""
        self._compute()  # chooses kernels, which cannot be recorded
        stream = torch.cuda.current_stream(self._cache.device)
        stream.synchronize()
        what = f"Rows of {self._places} places"
        self.graph = capture_graph(self._compute, what, stream=stream, pool=pool)

    def _compute(self) -> None:
        gpt, cache = self._gpt, self._cache
        text, length, row = self._sizes.split(1)
        x = gpt.pack(self._phones, text, self._bert, self._tokens)[:, : self._places]
        visible = visible_places(self._places, text)
        keys, values = (kept[:, :, :, : self._places] for kept in (cache.keys, cache.values))
        layers = zip(keys, values, strict=True)
        x = gpt.h(x, [partial(_fill, *own, row, visible) for own in layers])
        self._logits.copy_(gpt.ar_predict_layer(x[0, length - 1]))
        cache.lengths[row] = length
        cache.text_lengths[row] = text


def _fill(keys: Tensor, values: Tensor, row: Tensor, visible: Tensor, projected: Tensor) -> Tensor:
    """A layer's attention of one row to itself, whose keys and values go into the cache."""
    query, own_keys, own_values = split(projected)
    keys.index_copy_(0, row, own_keys)
    values.index_copy_(0, row, own_values)
    return attend(visible, query, own_keys, own_values)
