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
    """Capture a CUDA graph of `play`; return None, which is only slower, if that fails.

    `play` must have run before, since kernels are chosen and compiled at the first time.

    Args:
        play: launches kernels, and reads none of their results.
        what: its name in the log.
        stream: where it is captured; one of torch's own if not given.
        pool: memory shared with graphs that never run at the same time.
    """
    graph = torch.cuda.CUDAGraph()
    try:
        # Other threads may use the device meanwhile.
        with torch.cuda.graph(graph, pool=pool, stream=stream, capture_error_mode="thread_local"):
            play()
    except RuntimeError:
        _log.warning("%s cannot be captured.", what, exc_info=True)
        return None
    return graph


def copy_async(values: Tensor, place: Tensor) -> None:
    """Copy from the CPU; to a GPU asynchronously, in the current stream."""
    values = values.to(place.dtype)
    place.copy_(values.pin_memory() if place.is_cuda else values, non_blocking=True)


def next_power_of_two(number: int) -> int:
    """The smallest power of two that is at least `number`, which is 1 or more."""
    return 1 << (number - 1).bit_length()
