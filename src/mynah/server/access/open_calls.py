"""Open calls by key, which end when their key is revoked or expires."""

import asyncio
from collections.abc import AsyncIterator, Hashable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar

from fastapi.concurrency import run_in_threadpool

from mynah.runtime.logging import log_unexpected
from mynah.server.access.keys import Caller, Key, Keys
from mynah.server.errors import AuthenticationError
from mynah.storage.invalidation import ChangeWatcher

CHECK_SECONDS = 1.0
"""Time between two looks at the keys of open calls."""


class OpenCall:
    """A call in progress, in the task that creates it.

    Attributes:
        error: the reason that it must end, once there is one.
    """

    def __init__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.error: AuthenticationError | None = None
        self._task = task
        self._shielded = False

    def end(self, error: AuthenticationError) -> None:
        """Cancel the task, once; one that is shielded learns of it afterwards."""
        if self.error is None:
            self.error = error
            if not self._shielded:
                self._task.cancel()

    def converted(self, cancelled: asyncio.CancelledError) -> BaseException:
        """The reason of a cancellation: this call's own one, or the cancellation itself."""
        if self.error is None or self._task.uncancel():
            return cancelled
        return self.error

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """Let the task not be cancelled in the block, which somebody else's code runs in.

        Raises:
            AuthenticationError: the call was ended meanwhile.
        """
        self._shielded = True
        try:
            yield
        finally:
            self._shielded = False
        if self.error is not None:
            raise self.error


_current: ContextVar[OpenCall] = ContextVar("open_call")


def current_call() -> OpenCall:
    """The open call that this code runs in."""
    return _current.get()


class OpenCalls:
    """The open calls of a process.

    Args:
        keys: of the database.
        changes: of the database; keys are read again after one.
    """

    def __init__(self, keys: Keys, changes: ChangeWatcher) -> None:
        self._keys = keys
        self._changes = changes
        self._calls: dict[str, set[OpenCall]] = {}
        self._mark: Hashable = None
        self._read: dict[str, Key | None] = {}

    @asynccontextmanager
    async def opened(self, caller: Caller) -> AsyncIterator[OpenCall]:
        """Hold a call of a caller open in the block, which is cancelled when the key ends.

        Raises:
            AuthenticationError: the caller's key was revoked or has expired.
        """
        call = OpenCall()
        self._calls.setdefault(caller.id, set()).add(call)
        token = _current.set(call)
        try:
            yield call
        except asyncio.CancelledError as cancelled:
            raise call.converted(cancelled) from None
        finally:
            _current.reset(token)
            self._forget(caller.id, call)

    async def watch(self) -> None:
        """End calls whose keys end, until cancelled."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            try:
                await self._refresh()
            except Exception as error:  # such as a database that is away for a while
                log_unexpected(error)
            self._end_invalid()

    async def _refresh(self) -> None:
        mark = self._changes.mark()
        if mark == self._mark and self._calls.keys() <= self._read.keys():
            return
        ids = [*self._calls]
        found = {key.id: key for key in await run_in_threadpool(self._keys.of, ids)}
        # Callers without keys, where the settings allow them, have no row and no end.
        self._read = {each: found.get(each) for each in ids}
        self._mark = mark

    def _end_invalid(self) -> None:
        for key_id, calls in self._calls.items():
            key = self._read.get(key_id)
            try:
                if key is not None:
                    key.caller()
            except AuthenticationError as error:
                for call in calls:
                    call.end(AuthenticationError(str(error)))

    def _forget(self, key_id: str, call: OpenCall) -> None:
        calls = self._calls[key_id]
        calls.remove(call)
        if not calls:
            del self._calls[key_id]
