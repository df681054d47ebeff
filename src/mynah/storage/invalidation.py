"""Cache of values read from the database, invalidated by any change to it."""

import sqlite3
import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, Generic, Protocol, TypeVar, cast

from cachetools import LRUCache
from sqlalchemy import Connection, Engine, event
from sqlalchemy.pool import ConnectionPoolEntry

STALE_SECONDS = 1
"""Longest delay of seeing another process's change where the database is not SQLite."""

_MOST = 1024

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class ChangeWatcher(Protocol):
    """Detects changes to a database; fast enough for an event loop."""

    def mark(self) -> Hashable:
        """A value that differs from the last one if anything may have changed since."""

    def close(self) -> None:
        """Stop watching."""


def watch_changes(records: Engine) -> ChangeWatcher:
    """Watch a database: SQLite counts changes; any other one is read again after a moment."""
    is_file = records.dialect.name == "sqlite" and records.url.database
    return _FileChanges(records) if is_file else _TimedChanges(records)


class CachedReads(Generic[Key, Value]):
    """Values read from the database, valid until anything in it changes."""

    def __init__(self, changes: ChangeWatcher) -> None:
        self._changes = changes
        self._values: LRUCache[Key, tuple[Hashable, Value]] = LRUCache(_MOST)
        self._lock = threading.Lock()

    def known(self, key: Key) -> Value | None:
        """The value if it was read and is still valid."""
        return self._fresh(key, self._changes.mark())

    def get(self, key: Key, read: Callable[[], Value]) -> Value:
        """The value, read again if it may have changed; what `read` raises is not remembered."""
        # Before reading: a change in between causes one more read.
        mark = self._changes.mark()
        value = self._fresh(key, mark)
        if value is None:
            value = read()
            with self._lock:
                self._values[key] = mark, value
        return value

    def _fresh(self, key: Key, mark: Hashable) -> Value | None:
        with self._lock:
            read_at, value = self._values.get(key, (None, None))
        return value if read_at == mark else None


class _FileChanges:
    """SQLite counts what other connections change, whichever process they are of."""

    def __init__(self, records: Engine) -> None:
        own = records.raw_connection()
        self._connection = cast(sqlite3.Connection, own.driver_connection)
        own.detach()
        self._lock = threading.Lock()

    def mark(self) -> Hashable:
        with self._lock:
            ((version,),) = self._connection.execute("PRAGMA data_version").fetchall()
        return int(version)

    def close(self) -> None:
        with self._lock:
            self._connection.close()


class _TimedChanges:
    """Changes of this process are seen at once, those of others within `STALE_SECONDS`."""

    def __init__(self, records: Engine) -> None:
        self._own = object()
        event.listen(records, "commit", self._commit)
        event.listen(records, "checkin", self._checkin)

    def mark(self) -> Hashable:
        return self._own, time.monotonic() // STALE_SECONDS

    def close(self) -> None:
        pass

    def _commit(self, connection: Connection) -> None:
        connection.info[_TimedChanges] = True

    def _checkin(self, _: Any, entry: ConnectionPoolEntry) -> None:  # noqa: ANN401 - any driver's
        # Not before: until a commit has ended, readers still get what was there.
        if entry.info.pop(_TimedChanges, None):
            self._own = object()
