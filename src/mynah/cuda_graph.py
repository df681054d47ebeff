"""What a GPU does in a row, recorded once so that it can be played with one call."""

import logging
from collections.abc import Callable

import torch

_log = logging.getLogger(__name__)


def graph_of(
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
