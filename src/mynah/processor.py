"""What a processor computes by itself, which decides what is fast and what is exact."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from typing import ParamSpec, TypeVar

import torch

from mynah.device import Device
from mynah.errors import OptionError
from mynah.runtime.cores import compute_threads

Given = ParamSpec("Given")
Result = TypeVar("Result")

_CPU = torch.device("cpu")


def device_of(name: Device) -> torch.device:
    """The device of a name.

    Raises:
        OptionError: a GPU is asked for, and there is none.
    """
    found = torch.cuda.is_available()
    if name == "cuda" and not found:
        raise OptionError("There is no GPU that torch can use; choose the device auto or cpu.")
    return torch.device("cuda", torch.cuda.current_device()) if found and name != "cpu" else _CPU


def has_bfloat16(device: torch.device) -> bool:
    """Whether it multiplies in bfloat16; where it does not, that is slower than float32."""
    if device.type != "cpu":
        return True
    known = torch.cpu.get_capabilities()
    return bool(known.get("avx512_bf16") or known.get("amx_bf16"))


def has_int8_sums() -> bool:
    """Whether the CPU adds products of eight bits with eight without overflow (VNNI).

    Without, two of them are added in sixteen bits, which hold products of seven bits with eight.
    """
    return bool(torch.cpu.get_capabilities().get("avx512_vnni"))


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


def use_threads(count: int) -> None:
    """Has torch use so many threads for what the calling thread computes, and for no other.

    Nothing else may begin to compute meanwhile: what torch is told holds for new threads, too.
    """
    every = torch.get_num_threads()  # a thread that was not asked before forgets what it is told
    torch.set_num_threads(count)
    # One that ends here gives those to come their number back.
    restoring = Thread(target=torch.set_num_threads, args=(every,))
    restoring.start()
    restoring.join()


def in_passing(work: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
    """Has a thread do some work that ends with it.

    Each thread that computes gets a team of helpers from OpenMP and keeps it. Once a process has
    more of them than there are cores, GNU's has all who wait fall asleep at once, and decoding
    takes a quarter to a half longer. So only the thread that decodes is to keep a team.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="in passing") as passing:
        return passing.submit(work, *args, **kwargs).result()
