"""Fair executor: threads that work for many owners in turn."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import TypeVar

from mynah.runtime.fair_queue import FairQueue

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, eq=False)
class _Turn:
    """A place in the queue; `come` is done when a thread is free for it."""

    owner: str
    come: asyncio.Future[None]


class FairExecutor:
    """Threads for the work of one event loop.

    What runs cannot be put aside, so an owner has half of the threads at most: the next owner finds
    a free one, and does not contend with more of the first one's for Python's interpreter.

    Args:
        name: of the threads.
        threads: number of them.
    """

    def __init__(self, name: str, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._threads = threads
        self._most = max(1, threads // 2)
        self._waiting: FairQueue[_Turn] = FairQueue()
        self._running: Counter[str] = Counter()

    async def run(self, owner: str, work: Callable[[], Result], *, urgent: bool = False) -> Result:
        """Call a function in a thread when it is its owner's turn, in the caller's context.

        Args:
            owner: for whom it is called.
            work: the function.
            urgent: true for what is done fast; it goes before the owner's other work.
        """
        loop = asyncio.get_running_loop()
        turn = _Turn(owner, loop.create_future())
        self._waiting.add(owner, turn, urgent=urgent)
        self._give_turns()
        try:
            await turn.come
        except asyncio.CancelledError:
            self._waiting.discard(owner, turn)
            if turn.come.done() and not turn.come.cancelled():
                self._end_turn(owner)
            raise
        running = self._pool.submit(copy_context().run, work)
        # A caller who leaves does not stop the thread.
        running.add_done_callback(lambda _: self._end_turn_from_thread(loop, owner))
        return await asyncio.wrap_future(running)

    def close(self) -> None:
        """End the threads when what they do now is done."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _give_turns(self) -> None:
        while self._running.total() < self._threads:
            full = {owner for owner, number in self._running.items() if number >= self._most}
            turn = self._waiting.take(full)
            if turn is None:
                return
            self._running[turn.owner] += 1
            turn.come.set_result(None)

    def _end_turn(self, owner: str) -> None:
        self._running -= Counter([owner])
        self._give_turns()

    def _end_turn_from_thread(self, loop: asyncio.AbstractEventLoop, owner: str) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(self._end_turn, owner)
