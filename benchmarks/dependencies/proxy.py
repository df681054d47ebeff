"""A TCP proxy before a dependency, which stops, stalls or slows it."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from enum import StrEnum
from typing import Any, Self


class Fault(StrEnum):
    """Ways in which a dependency fails.

    Attributes:
        NONE: it works.
        STOPPED: connections are closed, and new ones refused, as if its process had ended.
        STALLED: connections are taken and nothing passes, as if its process were suspended.
        SLOW: every packet is late.
    """

    NONE = "none"
    STOPPED = "stopped"
    STALLED = "stalled"
    SLOW = "slow"


SLOW_SECONDS = 0.25
"""Delay of each packet, there and back, of a slow dependency."""


class Proxy:
    """Passes connections on to a port of this machine while it is entered.

    Attributes:
        port: where it listens.
    """

    def __init__(self, to_port: int) -> None:
        self.port = 0
        self._to_port = to_port
        self._fault = Fault.NONE
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._passing = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._listen)
        self.fail(Fault.NONE)
        return self

    def __exit__(self, *_: object) -> None:
        self.fail(Fault.STOPPED)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def fail(self, fault: Fault) -> None:
        """Have the dependency fail from now on, or work again."""
        self._call(lambda: self._set(fault))

    def _call(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        asyncio.run_coroutine_threadsafe(work(), self._loop).result(10)

    async def _set(self, fault: Fault) -> None:
        self._fault = fault
        if fault is Fault.STALLED:
            self._passing.clear()
        else:
            self._passing.set()
        if fault is Fault.STOPPED:
            await self._stop()
        elif self._server is None:
            await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        ending = [*self._tasks]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._connect(reader, writer)
        except asyncio.CancelledError:
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            there, back = await asyncio.open_connection("127.0.0.1", self._to_port)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._pump(reader, back))
                    both.create_task(self._pump(there, writer))
            finally:
                back.close()

    async def _pump(self, source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(1 << 16):
                await self._passing.wait()
                if self._fault is Fault.SLOW:
                    await asyncio.sleep(SLOW_SECONDS)
                to.write(data)
                await to.drain()
        to.close()
