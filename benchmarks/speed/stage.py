"""The thread that a stage of the engine computes in, for benchmarks of what it does."""

from concurrent.futures import ThreadPoolExecutor

import torch

from mynah.runtime.threads import set_thread_count


def stage_of(threads: int | None) -> ThreadPoolExecutor:
    """A thread for which torch uses so many; as many as there are if None."""
    count = threads or torch.get_num_threads()
    return ThreadPoolExecutor(1, initializer=set_thread_count, initargs=(count,))
