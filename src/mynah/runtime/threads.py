"""The number of torch's threads, and the threads that keep an OpenMP team."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from typing import ParamSpec, TypeVar

import torch

from mynah.runtime.cores import compute_threads

Given = ParamSpec("Given")
Result = TypeVar("Result")


def use_available_cores() -> int:
    """Limit the number of torch's threads to the available cores, and return that number.

    It holds for all threads whose first computation with torch comes later; call it before any.
    """
    threads = min(torch.get_num_threads(), compute_threads())
    if threads < torch.get_num_threads():
        torch.set_num_threads(threads)
    return threads


def set_thread_count(count: int) -> None:
    """Set the number of intra-op threads of the calling thread.

    No other thread may begin to compute meanwhile: torch sets the number for new threads, too.
    """
    every = torch.get_num_threads()  # a thread's first call of it resets what was set before
    torch.set_num_threads(count)
    # A short thread restores the number for new threads.
    restoring = Thread(target=torch.set_num_threads, args=(every,))
    restoring.start()
    restoring.join()


def run_in_temporary_thread(
    work: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs
) -> Result:
    """Run a function in a thread that ends with it.

    Each thread that computes gets an OpenMP team and keeps it. Once a process has more of these
    threads than there are cores, GNU's OpenMP has all that wait sleep at once, and decoding takes a
    quarter to a half longer. So only the thread that decodes is to keep a team.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="temporary") as executor:
        return executor.submit(work, *args, **kwargs).result()
