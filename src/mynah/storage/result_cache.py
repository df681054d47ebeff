"""Result caches of finished audio: in memory, Redis or Memcached."""

import threading
from typing import Protocol, cast
from urllib.parse import urlsplit

from cachetools import TTLCache

from mynah.errors import OptionError

_TIMEOUT = 0.5
"""Seconds: speaking anew costs little more than waiting for a cache that does not answer."""
_MEMCACHED_PORT = 11211


class ResultCache(Protocol):
    """Bytes by key, which may be evicted at any time; many threads use it at once."""

    def get(self, key: str) -> bytes | None:
        """The value of a key, if it is cached."""

    def put(self, key: str, value: bytes) -> None:
        """Cache a value, and evict others for it."""

    def close(self) -> None:
        """Disconnect; a shared cache keeps its entries."""


class MemoryStore:
    """The most recently used entries, in memory.

    Args:
        size: bytes.
        seconds: for which an entry is kept.
    """

    def __init__(self, size: int, seconds: int) -> None:
        self._entries: TTLCache[str, bytes] = TTLCache(size, seconds, getsizeof=len)
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        with self._lock:
            return self._entries.get(key)

    def put(self, key: str, value: bytes) -> None:
        """See `ResultCache`; what is larger than the whole store is not kept."""
        with self._lock:
            if len(value) <= self._entries.maxsize:
                self._entries[key] = value

    def close(self) -> None:
        with self._lock:
            self._entries.clear()


class RedisStore:
    """Entries in Redis, which evicts by its own `maxmemory-policy`.

    Args:
        url: `redis://`, `rediss://` or `unix://`.
        seconds: for which an entry is kept.
    """

    def __init__(self, url: str, seconds: int) -> None:
        try:
            from redis import Redis  # noqa: PLC0415 - an extra
            from redis.backoff import NoBackoff  # noqa: PLC0415
            from redis.retry import Retry  # noqa: PLC0415
        except ModuleNotFoundError:
            raise _missing("redis") from None
        self._client = Redis.from_url(
            url,
            socket_timeout=_TIMEOUT,
            socket_connect_timeout=_TIMEOUT,
            # Once: a connection that Redis closed while it was idle is no failure.
            retry=Retry(NoBackoff(), 1),
        )
        self._seconds = seconds

    def get(self, key: str) -> bytes | None:
        return cast(bytes | None, self._client.get(key))

    def put(self, key: str, value: bytes) -> None:
        self._client.set(key, value, ex=self._seconds)

    def close(self) -> None:
        self._client.close()


class MemcachedStore:
    """Entries in Memcached, which evicts the least recently used.

    Args:
        url: `memcached://host:port`.
        seconds: for which an entry is kept.
    """

    def __init__(self, url: str, seconds: int) -> None:
        try:
            from pymemcache.client.base import PooledClient  # noqa: PLC0415 - an extra
        except ModuleNotFoundError:
            raise _missing("memcached") from None
        where = urlsplit(url)
        self._client = PooledClient(
            (where.hostname or "127.0.0.1", where.port or _MEMCACHED_PORT),
            timeout=_TIMEOUT,
            connect_timeout=_TIMEOUT,
            default_noreply=False,
        )
        self._seconds = seconds

    def get(self, key: str) -> bytes | None:
        return cast(bytes | None, self._client.get(key))

    def put(self, key: str, value: bytes) -> None:
        """See `ResultCache`; Memcached refuses what is larger than its `-I`, 1 MiB by default."""
        self._client.set(key, value, expire=self._seconds)

    def close(self) -> None:
        self._client.close()


def open_store(url: str, size: int, seconds: int) -> ResultCache:
    """The store of a URL; memory if it is empty.

    Args:
        url: of Redis or Memcached.
        size: bytes, of memory.
        seconds: for which an entry is kept.

    Raises:
        OptionError: it is of no kind that is known, or its client is not installed.
    """
    kind = urlsplit(url).scheme
    if not url:
        return MemoryStore(size, seconds)
    try:
        if kind in ("redis", "rediss", "unix"):
            return RedisStore(url, seconds)
        if kind == "memcached":
            return MemcachedStore(url, seconds)
    except ValueError:  # its message may hold a password
        raise OptionError("The URL of the cache cannot be read; correct it.") from None
    raise OptionError(
        f"The cache cannot be at a URL of kind {kind!r:.20}; use redis:// or memcached://."
    )


def _missing(extra: str) -> OptionError:
    return OptionError(
        f"The client of the cache is not installed; run `pip install mynah[{extra}]`."
    )
