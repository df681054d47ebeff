"""Authentication: from a secret to its caller."""

from fastapi.concurrency import run_in_threadpool

from mynah.server.access.keys import ANYONE, Caller, Key, Keys, hash_of
from mynah.server.access.limits import Limits
from mynah.storage.invalidation import CachedReads, ChangeWatcher


class Authenticator:
    """Authenticator of callers by their secrets, with a cache of keys that changes invalidate.

    Args:
        keys: of the database.
        changes: of the database.
        limits: of each caller.
        no_auth: every caller is `ANYONE`.
    """

    def __init__(
        self, keys: Keys, changes: ChangeWatcher, limits: Limits, *, no_auth: bool
    ) -> None:
        self._keys = keys
        self._known = CachedReads[str, Key](changes)
        self._limits = limits
        self._no_auth = no_auth

    async def authenticate(self, secret: str | None, scope: str) -> Caller:
        """Authenticate, authorise and rate-limit the holder of a secret.

        Raises:
            AuthenticationError: the secret is not valid.
            ScopeError: its key lacks the scope.
            RateLimitError: its key is over its limit.
        """
        caller = await self.caller_of(secret)
        caller.require(scope)
        await self._limits.count_request(caller)
        return caller

    async def caller_of(self, secret: str | None) -> Caller:
        """The holder of a secret, without a check of the scope.

        Raises:
            AuthenticationError: it is unknown, or its key has expired or was revoked.
        """
        if self._no_auth:
            return ANYONE
        name = hash_of(secret or "")
        key = self._known.known(name)
        if key is None:
            key = await run_in_threadpool(self._known.get, name, lambda: self._keys.find(secret))
        return key.caller()
