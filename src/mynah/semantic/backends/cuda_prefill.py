"""Prefill on a GPU: phonemes and the prompt of one sequence, as a CUDA graph.

A sequence is prefilled by itself, since others beside it would change roundings. Its layers are
then some five hundred kernels, each of which the CPU takes longer to launch than the GPU to
compute. So the graph of a length is captured on first use, and replayed with one call from then
on; lengths are padded to powers of two.
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
"""Phonemes and tokens that shorter sequences are padded to."""


class Prefill:
    """Fills slots of a cache, one at a time.

    Args:
        gpt: on the cache's device, and in its precision.
        cache: to fill.
        logits: (1, vocabulary), filled with those of the first token.
        recorded: false to run kernel by kernel.
    """

    def __init__(self, gpt: GPT, cache: TorchKVCache, logits: Tensor, *, recorded: bool) -> None:
        self._gpt, self._cache, self._logits = gpt, cache, logits
        self._pool = torch.cuda.graph_pool_handle() if recorded else None
        self._graphs: dict[int, _PrefillGraph] = {}

    @property
    def recorded(self) -> bool:
        """True if a graph was captured for every length so far."""
        return all(each.graph for each in self._graphs.values())

    def run(self, request: SemanticRequest, slot: int) -> None:
        """Prefill a slot of the cache, in the current stream."""
        places = min(self._cache.capacity, max(SHORTEST, next_power_of_two(request.prefill_length)))
        graph = self._graphs.get(places)
        if graph is None:
            graph = self._graphs[places] = self._graph(places)
        graph.fill(request, slot)
        graph.play()

    def _graph(self, places: int) -> "_PrefillGraph":
        graph = _PrefillGraph(self._gpt, self._cache, self._logits, places)
        if self._pool is not None:
            graph.record(self._pool)
        return graph


class _PrefillGraph:
    """Prefill of up to so many places, with inputs at fixed addresses.

    Attributes:
        graph: of it; without one kernels are launched one by one.
    """

    def __init__(self, gpt: GPT, cache: TorchKVCache, logits: Tensor, places: int) -> None:
        self._gpt, self._cache, self._logits, self._places = gpt, cache, logits, places
        device, fitting = cache.device, min(places, POSITIONS)
        self._phones = torch.zeros((1, fitting), dtype=torch.long, device=device)
        self._tokens = torch.zeros((1, fitting), dtype=torch.long, device=device)
        self._bert = torch.zeros((1, BERT_SIZE, fitting), device=device)
        # Phonemes, phonemes and tokens, and the slot: at first the last one, which is spare.
        self._sizes = torch.tensor([1, 1, cache.rows - 1], device=device)
        self.graph: torch.cuda.CUDAGraph | None = None

    def fill(self, request: SemanticRequest, slot: int) -> None:
        """Copy the inputs in; the mask hides what earlier ones left behind them."""
        sizes = torch.tensor([len(request.phones), request.prefill_length, slot])
        copy_async(sizes, self._sizes)
        copy_async(request.phones, self._phones[0, : len(request.phones)])
        copy_async(request.prompt, self._tokens[0, : len(request.prompt)])
        if request.bert is None:
            self._bert.zero_()
        else:
            copy_async(request.bert, self._bert[0, :, : len(request.phones)])

    def play(self) -> None:
        """Run the prefill."""
        if self.graph:
            self.graph.replay()
        else:
            self._compute()

    def record(self, pool: "torch.cuda._POOL_HANDLE") -> None:
        """Capture what `play` does."""
        self._compute()  # chooses kernels, which cannot be captured
        stream = torch.cuda.current_stream(self._cache.device)
        stream.synchronize()
        what = f"Prefill of {self._places} places"
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
    """A layer's attention of a sequence to itself; its keys and values go into the cache."""
    query, own_keys, own_values = split(projected)
    keys.index_copy_(0, row, own_keys)
    values.index_copy_(0, row, own_values)
    return attend(visible, query, own_keys, own_values)
