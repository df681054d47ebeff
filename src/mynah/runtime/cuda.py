"""CUDA graphs, asynchronous copies and padded sizes."""

import logging
from collections.abc import Callable

import torch
from torch import Tensor

_log = logging.getLogger(__name__)


def capture_graph(
    play: Callable[[], object],
    what: str,
    *,
    stream: torch.cuda.Stream | None = None,
    pool: "torch.cuda._POOL_HANDLE | None" = None,
) -> torch.cuda.CUDAGraph | None:
    """A graph of what `play` does, or None if that cannot be recorded: then it is only slower.

    It must have been played before, since kernels are chosen and compiled at the first time.

    Args:
        play: starts kernels, and looks at none of their results.
        what: that is, for the log.
        stream: where it is played; one of torch's own if not given.
        pool: memory that it shares with graphs that are never played at the same time.
    """
    graph = torch.cuda.CUDAGraph()
    try:
        # Of other threads: they may do as they like meanwhile.
        with torch.cuda.graph(graph, pool=pool, stream=stream, capture_error_mode="thread_local"):
            play()
    except RuntimeError:
        _log.warning("%s cannot be recorded.", what, exc_info=True)
        return None
    return graph


def copy_async(values: Tensor, place: Tensor) -> None:
    """Copies what is on the CPU; on a GPU in the current stream, while the CPU goes on."""
    values = values.to(place.dtype)
    place.copy_(values.pin_memory() if place.is_cuda else values, non_blocking=True)


def next_power_of_two(number: int) -> int:
    """The least one that is not less than a number from 1 on."""
    return 1 << (number - 1).bit_length()
