"""Who calls, as it was looked up the last time if nothing has changed."""

from fastapi.concurrency import run_in_threadpool

from mynah.service.keys import Caller, Key, Keys, hash_of
from mynah.storage.invalidation import CachedReads, ChangeWatcher


class Callers:
    """The holders of keys.

    Args:
        keys: of the database.
        changes: of it.
    """

    def __init__(self, keys: Keys, changes: ChangeWatcher) -> None:
        self._keys = keys
        self._remembered = CachedReads[str, Key](changes)

    async def holder(self, secret: str | None) -> Caller:
        """Who holds a secret.

        Raises:
            AuthenticationError: nobody, or their key has expired or was revoked.
        """
        name = hash_of(secret or "")
        known = self._remembered.known(name)
        if known is None:
            known = await run_in_threadpool(
                self._remembered.get, name, lambda: self._keys.find(secret)
            )
        return known.caller()
