"""Authentication: from a secret to the caller who holds it."""

from mynah.server.access.keys import ANYONE, Caller
from mynah.server.app import Services


async def authenticate(services: Services, secret: str | None, scope: str) -> Caller:
    """The caller who holds a secret, however their protocol carries it.

    Raises:
        AuthenticationError: nobody holds it.
        ScopeError: they may not do this.
        RateLimitError: they have asked too often.
    """
    caller = await caller_of(services, secret)
    caller.require(scope)
    await services.limits.count_request(caller)
    return caller


async def caller_of(services: Services, secret: str | None) -> Caller:
    """The caller who holds a secret, whatever they may do.

    Raises:
        AuthenticationError: nobody holds it.
    """
    if services.settings.no_auth:
        return ANYONE
    return await services.callers.holder(secret)
