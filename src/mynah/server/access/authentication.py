"""Authentication: from a secret to the caller who holds it."""

from fastapi.concurrency import run_in_threadpool

from mynah.server.access.keys import ANYONE, Caller, Key, Keys, hash_of
from mynah.server.access.limits import Limits
from mynah.storage.invalidation import CachedReads, ChangeWatcher


class Authenticator:
    """Finds callers by their secrets; keys that were read are kept until something changes.

    Args:
        keys: of the database.
        changes: of it.
        limits: how often each caller may ask.
        no_auth: everybody is `ANYONE`.
    """

    def __init__(
        self, keys: Keys, changes: ChangeWatcher, limits: Limits, *, no_auth: bool
    ) -> None:
        self._keys = keys
        self._known = CachedReads[str, Key](changes)
        self._limits = limits
        self._no_auth = no_auth

    async def authenticate(self, secret: str | None, scope: str) -> Caller:
        """The caller who holds a secret, however their protocol carries it.

        Raises:
            AuthenticationError: nobody holds it.
            ScopeError: they may not do this.
            RateLimitError: they have asked too often.
        """
        caller = await self.caller_of(secret)
        caller.require(scope)
        await self._limits.count_request(caller)
        return caller

    async def caller_of(self, secret: str | None) -> Caller:
        """The caller who holds a secret, whatever they may do.

        Raises:
            AuthenticationError: nobody holds it, or their key has expired or was revoked.
        """
        if self._no_auth:
            return ANYONE
        name = hash_of(secret or "")
        key = self._known.known(name)
        if key is None:
            key = await run_in_threadpool(self._known.get, name, lambda: self._keys.find(secret))
        return key.caller()
