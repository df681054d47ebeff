"""What a GPU does differently in the semantic stage: a few steps at a time, as one recorded graph.

To start a kernel takes the CPU as long as to compute it takes the GPU, and to look at every token
before the next is drawn doubles that. So a window of steps is recorded once for each number of
rows, and played with one call. What it drew is looked at while the next one runs: a row that ends
draws nothing more, and is found out a window or two later.
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
"""Of a window: fewer cost time between windows, more let those who wait for their first sound, and
rows that have ended, wait longer."""

ROWS = (1, 2, 4, 8, 16, 32, 64)
"""Numbers of rows that windows are recorded for; others are filled up."""

SHARE = 4
"""The part of the free memory that rows may take: a fourth."""


class CudaDecoder:
    """A GPT on a CUDA device, with a stream of its own beside the acoustic stage's.

    One thread at a time may use it, and those that share its seats.

    Args:
        gpt: in fp32, in eval mode; it is copied.
        seats: where its rows are; of a version those of the model.
        stream: where it computes; of a version that of the model.
        recorded: whether windows are recorded; they are played kernel by kernel otherwise.
    """

    def __init__(
        self, gpt: GPT, seats: CudaSlots, stream: torch.cuda.Stream, *, recorded: bool = True
    ) -> None:
        assert seats.rows in ROWS, seats.rows
        self.config = gpt.config
        self.seats, self._stream, self._records = seats, stream, recorded
        self.network = CudaGPT(gpt, seats, recorded=recorded)
        self._one = torch.zeros(1, dtype=torch.int32, device=seats.device)
        self._first = torch.zeros(1, dtype=torch.int32, device=seats.device)
        self._windows: dict[int, _Window] = {}
        torch.cuda.synchronize(seats.device)  # what is there is seen by every stream

    @classmethod
    def on(
        cls, device: torch.device, gpt: GPT, dtype: torch.dtype, *, recorded: bool = True
    ) -> "CudaDecoder":
        """A model's own, with as many seats as there is memory for."""
        # Prompts have any length, and cuDNN's attention plans long for each that is new.
        torch.backends.cuda.enable_cudnn_sdp(False)
        capacity, rows = BUCKETS[-1], _rows_that_fit(gpt, dtype, device)
        seats = CudaSlots(gpt.config, rows, capacity, dtype=dtype, device=device)
        # Its kernels are short and waited for; those of the acoustic stage can wait for them.
        return cls(gpt, seats, torch.cuda.Stream(device, priority=-1), recorded=recorded)

    def of(self, gpt: GPT) -> "CudaDecoder":
        """The same of a trained version's GPT, in the same seats."""
        return CudaDecoder(gpt, self.seats, self._stream, recorded=self._records)

    @property
    def rows(self) -> int:
        """Rows that may be decoded at a time."""
        return self.seats.rows

    @property
    def size(self) -> int:
        """Bytes of its weights."""
        return self.network.size

    @property
    def recorded(self) -> bool:
        """Whether all windows and readings that there are were recorded."""
        return self.network.recorded and all(window.graph for window in self._windows.values())

    def batch(self) -> "CudaBatch":
        """What decodes requests."""
        return CudaBatch(self)

    @torch.inference_mode()
    def read(self, rows: Sequence[tuple[TokenSequence, int]]) -> list[int]:
        """Reads rows into their seats.

        Returns:
            What each has drawn first; see `Given`.
        """
        firsts = torch.empty(len(rows), dtype=torch.int32, pin_memory=True)
        with torch.cuda.stream(self._stream):
            for (row, seat), first in zip(rows, firsts.split(1), strict=True):
                self.network.read(row, seat)
                self._one.fill_(seat)
                self.network.draw(self._one, self._first)
                first.copy_(self._first, non_blocking=True)
            self._stream.synchronize()
        drawn: list[int] = firsts.tolist()
        return drawn

    @torch.inference_mode()
    def step(self, seats: Sequence[int]) -> "Given":
        """Has the rows of some seats draw the tokens of a window; it does not wait for them."""
        size = next(size for size in ROWS if size >= len(seats))
        filled = [*seats, *[self.seats.spare] * (size - len(seats))]
        with torch.cuda.stream(self._stream):
            window = self._windows.get(size)
            if window is None:
                window = self._windows[size] = self._window(size)
            copy_async(torch.tensor(filled), window.slots)
            window.play(self.network)
            drawn = torch.empty(window.given.shape, dtype=torch.int32, pin_memory=True)
            drawn.copy_(window.given, non_blocking=True)
            return Given(drawn, self._stream.record_event())

    def _window(self, rows: int) -> "_Window":
        """A window of so many rows, which are the spare one now: nothing changes."""
        seats = torch.full((rows,), self.seats.spare, dtype=torch.int32, device=self.seats.device)
        # A step's begin at multiples of 16 bytes, for which the draw is compiled anyway.
        width = max(rows, 16 // torch.int32.itemsize)
        given = torch.zeros((STEPS, width), dtype=torch.int32, device=self.seats.device)
        window = _Window(seats, given)
        window.play(self.network)  # compiles what is not compiled yet, which cannot be recorded
        if self._records:
            window.record(self.network, self._stream)
        return window


@dataclass(slots=True)
class _Window:
    """Steps of a number of rows.

    Attributes:
        slots: (rows,) int32, their seats.
        given: (steps, rows or more) int32, what they draw.
        graph: that does it; without one kernels are started one by one.
    """

    slots: Tensor
    given: Tensor
    graph: torch.cuda.CUDAGraph | None = None

    def play(self, network: CudaGPT) -> None:
        """Draws."""
        if self.graph:
            self.graph.replay()
            return
        for given in self.given:
            network.step(self.slots, given)

    def record(self, network: CudaGPT, stream: torch.cuda.Stream) -> None:
        """Records what `play` does."""
        stream.synchronize()
        what = f"Steps of {len(self.slots)} rows"
        self.graph = capture_graph(partial(self.play, network), what, stream=stream)


@dataclass(frozen=True, slots=True)
class Given:
    """What rows draw in a window.

    Attributes:
        drawn: (steps, rows or more) on the CPU, final when `done`: tokens, EOS at the end, or
            `BROKEN`, and `NOTHING` after either.
        done: when it is.
    """

    drawn: Tensor
    done: torch.cuda.Event

    def of_rows(self) -> list[list[int]]:
        """Waits, and tells for each row what it drew."""
        self.done.synchronize()
        drawn: list[list[int]] = self.drawn.T.tolist()
        return drawn


class CudaBatch:
    """Rows that are decoded together on a GPU; see `TorchBatch`, which it does as.

    A step draws a few tokens, and gives those of the step before.

    Args:
        gpt: what decodes them.
    """

    def __init__(self, gpt: CudaDecoder) -> None:
        self._gpt = gpt
        self._seats: dict[TokenSequence, int] = {}
        self._pending: tuple[list[TokenSequence], Given] | None = None
        # Whoever drops a batch that failed cannot have every row leave it.
        weakref.finalize(self, _vacate, gpt.seats, self._seats)

    @property
    def rows(self) -> list[TokenSequence]:
        """The rows that go on at the next step."""
        return list(self._seats)

    @property
    def free(self) -> int:
        """How many more may join."""
        return self._gpt.seats.free

    def validate(self, request: SemanticRequest) -> None:
        """Checks that a request can be decoded here; see `TorchBatch.validate`."""
        validate(request, self._gpt.config, self._gpt.seats.cache.capacity)

    def join(self, requests: Sequence[SemanticRequest]) -> list[TokenSequence]:
        """Reads validated requests, of which no more than `free`, and draws their first tokens."""
        assert len(requests) <= self.free, (len(requests), self.free)
        vocabulary = self._gpt.config.vocabulary
        rows = [TokenSequence.of(request, vocabulary, torch.device("cpu")) for request in requests]
        for row in rows:
            self._seats[row] = self._gpt.seats.take()
        firsts = self._gpt.read([(row, self._seats[row]) for row in rows])
        for row, first in zip(rows, firsts, strict=True):
            self._take(row, [first])
        return rows

    def step(self) -> None:
        """Has every row go on, and gives those that were on their way their tokens."""
        before, self._pending = self._pending, None
        if self._seats:
            self._pending = self.rows, self._gpt.step(list(self._seats.values()))
        if before:
            rows, given = before
            for row, drawn in zip(rows, given.of_rows(), strict=False):  # the spare ones are behind
                self._take(row, drawn)

    def leave(self, row: TokenSequence) -> None:
        """Frees a row's seat, whether or not it has ended."""
        if row in self._seats:
            self._gpt.seats.give_back(self._seats.pop(row))

    def _take(self, row: TokenSequence, drawn: Sequence[int]) -> None:
        for token in drawn:
            if row.ended or token == NOTHING or row not in self._seats:
                break
            if token == BROKEN:
                row.fail()
            else:
                row.append(token, self._gpt.config.eos)
        if row.ended:
            self.leave(row)


def _vacate(seats: CudaSlots, taken: dict[TokenSequence, int]) -> None:
    for seat in taken.values():
        seats.give_back(seat)


def _rows_that_fit(gpt: GPT, dtype: torch.dtype, device: torch.device) -> int:
    config = gpt.config
    row = 2 * config.layers * config.hidden * BUCKETS[-1] * dtype.itemsize
    free, _ = torch.cuda.mem_get_info(device)
    return max((rows for rows in ROWS if rows * row * SHARE <= free), default=ROWS[0])
