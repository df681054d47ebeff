"""Rate limits of keys: requests and characters per time, and concurrent streams."""

import logging
import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from limits import RateLimitItem, parse
from limits.aio.storage import RedisStorage, Storage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import ConfigurationError, StorageError
from limits.storage import StorageTypes, storage_from_string

from mynah.errors import OptionError, TextError
from mynah.server.access.keys import Caller
from mynah.server.errors import RateLimitError
from mynah.server.response_headers import set_response_headers

_TIMEOUT = 0.5
"""Seconds: callers do not wait for a Redis that does not answer."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LimitRules:
    """Limits of each key.

    Attributes:
        requests: calls per time, such as `60/minute`; empty for any number.
        characters: of speech per time, such as `100000/day`; empty for any number.
        streams: concurrent speech requests; 0 for any number.
    """

    requests: str
    characters: str
    streams: int


@dataclass(frozen=True, slots=True)
class CharacterUse:
    """Characters that a key had spoken in the present window, and when the window ends."""

    used: int
    limit: int
    reset_at: int


class Limits:
    """Counters of each key's use.

    Windows begin with a key's first request in them. Streams are counted by this process alone;
    requests and characters by all that share a Redis.

    Raises:
        OptionError: a rule or the URL is invalid, or the client of Redis is missing.
    """

    def __init__(self, rules: LimitRules, url: str) -> None:
        self._requests = _parsed("requests", rules.requests)
        self._characters = _parsed("characters", rules.characters)
        self._most_streams = rules.streams
        self._streams: Counter[str] = Counter()
        self._storage = _storage(url)
        self._counts = FixedWindowRateLimiter(self._storage)

    async def count_request(self, caller: Caller) -> None:
        """Count one call.

        Raises:
            RateLimitError: it is over the limit.
        """
        await self._count(self._requests, "requests", caller, 1)

    async def count_characters(self, caller: Caller, number: int) -> None:
        """Count characters to be spoken.

        Raises:
            RateLimitError: they are over the limit now.
            TextError: they are over the limit at any time.
        """
        limit = self._characters
        if limit and number > limit.amount:
            raise TextError(
                f"The text has {number} characters, and this key may have {limit.amount} in "
                f"{limit.get_expiry()} s spoken; send it in parts."
            )
        await self._count(limit, "characters", caller, number)

    async def characters_used(self, caller: Caller) -> CharacterUse | None:
        """The use of the limit of characters; None without a limit, or if it cannot be told."""
        limit = self._characters
        if limit is None:
            return None
        try:
            window = await self._counts.get_window_stats(limit, "characters", caller.id)
        except StorageError as error:
            _log.warning("limits failed", extra={"error": type(error.storage_error).__name__})
            return None
        used = limit.amount - max(window.remaining, 0)
        return CharacterUse(used, limit.amount, math.ceil(window.reset_time))

    def enter_stream(self, caller: Caller) -> Callable[[], None]:
        """Count a stream that begins, and return the function to call when it ends.

        Raises:
            RateLimitError: it is over the limit.
        """
        if self._most_streams and self._streams[caller.id] >= self._most_streams:
            raise RateLimitError(
                f"This key has {self._most_streams} streams open, the most it may; "
                "end one, or try again shortly."
            )
        self._streams[caller.id] += 1

        def leave() -> None:
            self._streams[caller.id] -= 1
            if not self._streams[caller.id]:
                del self._streams[caller.id]

        return leave

    async def close(self) -> None:
        """Close the connection to Redis."""
        if isinstance(self._storage, RedisStorage):
            # The bridge's type lacks the client.
            await cast(Any, self._storage.bridge).storage.aclose()

    async def _count(
        self, limit: RateLimitItem | None, name: str, caller: Caller, number: int
    ) -> None:
        if limit is None:
            return
        try:
            within = await self._hit(limit, name, caller, number)
            window = await self._counts.get_window_stats(limit, name, caller.id)
        except StorageError as error:
            # The bounded queue still protects the engine, and callers have done nothing wrong.
            _log.warning("limits failed", extra={"error": type(error.storage_error).__name__})
            return
        seconds = max(math.ceil(window.reset_time - time.time()), 1)
        set_response_headers(
            ratelimit_limit=str(limit.amount),
            ratelimit_remaining=str(max(window.remaining, 0)),
            ratelimit_reset=str(seconds),
        )
        if not within:
            raise RateLimitError(
                f"This key may have {limit.amount} {name} in {limit.get_expiry()} s, and they are "
                f"used up; try again in {seconds} s.",
                seconds,
            )

    async def _hit(self, limit: RateLimitItem, name: str, caller: Caller, number: int) -> bool:
        # A refused request must not use up what a smaller one may still have.
        possible = await self._counts.test(limit, name, caller.id, cost=number)
        return possible and await self._counts.hit(limit, name, caller.id, cost=number)


def _parsed(name: str, rule: str) -> RateLimitItem | None:
    try:
        return parse(rule) if rule else None
    except ValueError:
        raise OptionError(
            f"The limit of {name} is {rule!r:.40}; write it like 60/minute."
        ) from None


def _storage(url: str) -> Storage:
    kind = urlsplit(url).scheme
    if not url:
        storage = storage_from_string("async+memory://")
    elif kind in ("redis", "rediss"):
        storage = _redis(url)
    else:
        raise OptionError(f"Limits cannot be counted at a URL of kind {kind!r:.20}; use redis://.")
    assert isinstance(storage, Storage)
    return storage


def _redis(url: str) -> StorageTypes:
    try:
        from redis.asyncio.retry import Retry  # noqa: PLC0415 - an extra
        from redis.backoff import NoBackoff  # noqa: PLC0415

        return storage_from_string(
            f"async+{url}",
            # Once: the client's own way is to try for seconds.
            retry=cast(Any, Retry(NoBackoff(), 1)),
            implementation="redispy",
            wrap_exceptions=True,
            socket_timeout=_TIMEOUT,
            socket_connect_timeout=_TIMEOUT,
        )
    except (ConfigurationError, ModuleNotFoundError):
        raise OptionError(
            "The client of Redis is not installed; run `pip install mynah[redis]`."
        ) from None
    except ValueError:  # its message may hold a password
        raise OptionError("The URL for counting limits cannot be read; correct it.") from None
