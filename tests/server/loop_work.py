"""CPU time that an event loop spends in one go, whatever else the machine does meanwhile."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class LoopWork:
    """The longest callback so far.

    Attributes:
        seconds: of CPU time of its thread.
        callback: for the message of a test that fails.
    """

    seconds: float = 0.0
    callback: str = ""


@contextmanager
def longest_callback() -> Iterator[LoopWork]:
    """Measures all event loops of this process."""
    work, run = LoopWork(), asyncio.events.Handle._run

    def measured(handle: asyncio.Handle) -> None:
        began = time.thread_time()
        run(handle)
        seconds = time.thread_time() - began
        if seconds > work.seconds:
            work.seconds, work.callback = seconds, repr(handle)

    asyncio.events.Handle._run = measured
    try:
        yield work
    finally:
        asyncio.events.Handle._run = run
