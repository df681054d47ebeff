"""Threads that compute: how many, and which of them keep a team."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from typing import ParamSpec, TypeVar

import torch

from mynah.runtime.cores import compute_threads

Given = ParamSpec("Given")
Result = TypeVar("Result")


def use_available_cores() -> int:
    """Set the number of torch's threads to the cores that there are, unless it is lower already.

    For all threads that compute with torch for the first time after it; before any does, please.

    Returns:
        That number.
    """
    threads = min(torch.get_num_threads(), compute_threads())
    if threads < torch.get_num_threads():
        torch.set_num_threads(threads)
    return threads


def set_thread_count(count: int) -> None:
    """Has torch use so many threads for what the calling thread computes, and for no other.

    Nothing else may begin to compute meanwhile: what torch is told holds for new threads, too.
    """
    every = torch.get_num_threads()  # a thread that was not asked before forgets what it is told
    torch.set_num_threads(count)
    # One that ends here gives those to come their number back.
    restoring = Thread(target=torch.set_num_threads, args=(every,))
    restoring.start()
    restoring.join()


def run_in_temporary_thread(
    work: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs
) -> Result:
    """Has a thread do some work that ends with it.

    Each thread that computes gets a team of helpers from OpenMP and keeps it. Once a process has
    more of them than there are cores, GNU's has all who wait fall asleep at once, and decoding
    takes a quarter to a half longer. So only the thread that decodes is to keep a team.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="in passing") as passing:
        return passing.submit(work, *args, **kwargs).result()
