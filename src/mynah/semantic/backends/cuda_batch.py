"""CUDA backend of the batch: windows of a few steps, each one CUDA graph.

A launch takes the CPU as long as the kernel takes the GPU, and a synchronisation at every token
doubles that. So a window of steps is captured once for each number of rows, and replayed with one
call. Its tokens are read while the next window runs: a sequence that ends is masked on the GPU,
and leaves the batch a window or two later.
"""

import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from mynah.runtime.cuda import capture_graph, copy_async
from mynah.semantic.backends.cuda import CudaGPT
from mynah.semantic.backends.cuda_slots import CudaSlots
from mynah.semantic.backends.triton_sampler_kernel import BROKEN, NOTHING
from mynah.semantic.batch import validate
from mynah.semantic.gpt import GPT
from mynah.semantic.kv_buckets import BUCKETS
from mynah.semantic.sequence import SemanticRequest, TokenSequence

STEPS = 4
"""Of a window: fewer cost time between windows; with more, sequences that join or have ended wait
longer."""

ROWS = (1, 2, 4, 8, 16, 32, 64)
"""Numbers of rows that windows are captured for; others are padded."""

SHARE = 4
"""The part of the free memory that slots may take: a fourth."""


class CudaDecoder:
    """A GPT on a CUDA device, with a stream of its own beside the acoustic stage's.

    One thread at a time may use it and those that share its slots.

    Args:
        gpt: in fp32, in eval mode; it is copied.
        slots: of its sequences; a version's are the model's.
        stream: that it computes on; a version's is the model's.
        recorded: false to run windows kernel by kernel.
    """

    def __init__(
        self, gpt: GPT, slots: CudaSlots, stream: torch.cuda.Stream, *, recorded: bool = True
    ) -> None:
        assert slots.rows in ROWS, slots.rows
        self.config = gpt.config
        self.slots, self._stream, self._records = slots, stream, recorded
        self.network = CudaGPT(gpt, slots, recorded=recorded)
        self._one = torch.zeros(1, dtype=torch.int32, device=slots.device)
        self._first = torch.zeros(1, dtype=torch.int32, device=slots.device)
        self._windows: dict[int, _Window] = {}
        torch.cuda.synchronize(slots.device)  # every stream sees these tensors

    @classmethod
    def on(
        cls, device: torch.device, gpt: GPT, dtype: torch.dtype, *, recorded: bool = True
    ) -> "CudaDecoder":
        """A model's decoder, with as many slots as there is memory for."""
        # Prompts have any length, and cuDNN's attention plans long for each that is new.
        torch.backends.cuda.enable_cudnn_sdp(False)
        capacity, rows = BUCKETS[-1], _rows_that_fit(gpt, dtype, device)
        slots = CudaSlots(gpt.config, rows, capacity, dtype=dtype, device=device)
        # Its kernels are short and waited for; those of the acoustic stage can wait for them.
        return cls(gpt, slots, torch.cuda.Stream(device, priority=-1), recorded=recorded)

    def of(self, gpt: GPT) -> "CudaDecoder":
        """The decoder of a trained version's GPT, in the same slots."""
        return CudaDecoder(gpt, self.slots, self._stream, recorded=self._records)

    @property
    def rows(self) -> int:
        """Sequences that may be decoded at a time."""
        return self.slots.rows

    @property
    def size(self) -> int:
        """Bytes of its weights."""
        return self.network.size

    @property
    def recorded(self) -> bool:
        """True if a graph was captured for every window and prefill so far."""
        return self.network.recorded and all(window.graph for window in self._windows.values())

    def batch(self) -> "CudaBatch":
        """A batch without sequences."""
        return CudaBatch(self)

    @torch.inference_mode()
    def prefill(self, sequences: Sequence[tuple[TokenSequence, int]]) -> list[int]:
        """Prefill slots, and return the first token of each sequence; see `WindowTokens`."""
        firsts = torch.empty(len(sequences), dtype=torch.int32, pin_memory=True)
        with torch.cuda.stream(self._stream):
            for (sequence, slot), first in zip(sequences, firsts.split(1), strict=True):
                self.network.prefill(sequence, slot)
                self._one.fill_(slot)
                self.network.sample(self._one, self._first)
                first.copy_(self._first, non_blocking=True)
            self._stream.synchronize()
        tokens: list[int] = firsts.tolist()
        return tokens

    @torch.inference_mode()
    def step(self, slots: Sequence[int]) -> "WindowTokens":
        """Start a window of steps of some slots; it does not wait for the tokens."""
        size = next(size for size in ROWS if size >= len(slots))
        padded = [*slots, *[self.slots.spare] * (size - len(slots))]
        with torch.cuda.stream(self._stream):
            window = self._windows.get(size)
            if window is None:
                window = self._windows[size] = self._window(size)
            copy_async(torch.tensor(padded), window.slots)
            window.play(self.network)
            tokens = torch.empty(window.sampled.shape, dtype=torch.int32, pin_memory=True)
            tokens.copy_(window.sampled, non_blocking=True)
            return WindowTokens(tokens, self._stream.record_event())

    def _window(self, rows: int) -> "_Window":
        """A window of so many rows, all of them the spare slot for now, so that nothing changes."""
        slots = torch.full((rows,), self.slots.spare, dtype=torch.int32, device=self.slots.device)
        # A step's begin at multiples of 16 bytes, for which the kernel is compiled anyway.
        width = max(rows, 16 // torch.int32.itemsize)
        sampled = torch.zeros((STEPS, width), dtype=torch.int32, device=self.slots.device)
        window = _Window(slots, sampled)
        window.play(self.network)  # compiles what is not compiled yet, which cannot be captured
        if self._records:
            window.record(self.network, self._stream)
        return window


@dataclass(slots=True)
class _Window:
    """Steps of a number of rows.

    Attributes:
        slots: (rows,) int32, their slots.
        sampled: (steps, rows or more) int32, their tokens.
        graph: of the window; without one kernels are launched one by one.
    """

    slots: Tensor
    sampled: Tensor
    graph: torch.cuda.CUDAGraph | None = None

    def play(self, network: CudaGPT) -> None:
        """Run the steps."""
        if self.graph:
            self.graph.replay()
            return
        for sampled in self.sampled:
            network.step(self.slots, sampled)

    def record(self, network: CudaGPT, stream: torch.cuda.Stream) -> None:
        """Capture what `play` does."""
        stream.synchronize()
        what = f"Steps of {len(self.slots)} rows"
        self.graph = capture_graph(partial(self.play, network), what, stream=stream)


@dataclass(frozen=True, slots=True)
class WindowTokens:
    """Tokens of a window.

    Attributes:
        tokens: (steps, rows or more) on the CPU, final when `done`: ids, EOS at the end, or
            `BROKEN`, and `NOTHING` after either.
        done: recorded behind the copy.
    """

    tokens: Tensor
    done: torch.cuda.Event

    def of_rows(self) -> list[list[int]]:
        """Wait, and return the tokens of each row."""
        self.done.synchronize()
        tokens: list[list[int]] = self.tokens.T.tolist()
        return tokens


class CudaBatch:
    """A `Batch` on a GPU; `step` starts a window, and reads the tokens of the one before.

    Args:
        gpt: decodes them.
    """

    def __init__(self, gpt: CudaDecoder) -> None:
        self._gpt = gpt
        self._slots: dict[TokenSequence, int] = {}
        self._pending: tuple[list[TokenSequence], WindowTokens] | None = None
        # A batch that failed is dropped without any sequence leaving it.
        weakref.finalize(self, _release, gpt.slots, self._slots)

    @property
    def sequences(self) -> list[TokenSequence]:
        return list(self._slots)

    @property
    def free(self) -> int:
        return self._gpt.slots.free

    def validate(self, request: SemanticRequest) -> None:
        validate(request, self._gpt.config, self._gpt.slots.cache.capacity)

    def join(self, requests: Sequence[SemanticRequest]) -> list[TokenSequence]:
        assert len(requests) <= self.free, (len(requests), self.free)
        vocabulary, cpu = self._gpt.config.vocabulary, torch.device("cpu")
        sequences = [TokenSequence.of(request, vocabulary, cpu) for request in requests]
        for sequence in sequences:
            self._slots[sequence] = self._gpt.slots.acquire()
        firsts = self._gpt.prefill([(each, self._slots[each]) for each in sequences])
        for sequence, first in zip(sequences, firsts, strict=True):
            self._append(sequence, [first])
        return sequences

    def step(self) -> None:
        before, self._pending = self._pending, None
        if self._slots:
            self._pending = self.sequences, self._gpt.step(list(self._slots.values()))
        if before:
            sequences, sampled = before
            # Padding rows come last.
            for sequence, tokens in zip(sequences, sampled.of_rows(), strict=False):
                self._append(sequence, tokens)

    def leave(self, sequence: TokenSequence) -> None:
        if sequence in self._slots:
            self._gpt.slots.release(self._slots.pop(sequence))

    def _append(self, sequence: TokenSequence, tokens: Sequence[int]) -> None:
        for token in tokens:
            if sequence.ended or token == NOTHING or sequence not in self._slots:
                break
            if token == BROKEN:
                sequence.fail()
            else:
                sequence.append(token, self._gpt.config.eos)
        if sequence.ended:
            self.leave(sequence)


def _release(slots: CudaSlots, used: dict[TokenSequence, int]) -> None:
    for slot in used.values():
        slots.release(slot)


def _rows_that_fit(gpt: GPT, dtype: torch.dtype, device: torch.device) -> int:
    config = gpt.config
    row = 2 * config.layers * config.hidden * BUCKETS[-1] * dtype.itemsize
    free, _ = torch.cuda.mem_get_info(device)
    return max((rows for rows in ROWS if rows * row * SHARE <= free), default=ROWS[0])
