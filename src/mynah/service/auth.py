"""Which caller a request comes from, and whether they may do what it asks."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from mynah.service.keys import ANYONE, Caller
from mynah.service.services import Services, ServicesOf

_bearer = HTTPBearer(auto_error=False, description="A key that `mynah keys create` printed.")


async def authenticate(services: Services, secret: str | None, scope: str) -> Caller:
    """The caller who holds a secret, however their protocol carries it.

    Raises:
        AuthenticationError: nobody holds it.
        ScopeError: they may not do this.
    """
    if services.settings.no_auth:
        return ANYONE
    caller = await run_in_threadpool(services.keys.caller, secret)
    caller.require(scope)
    return caller


def bearer(scope: str) -> Callable[..., Awaitable[Caller]]:
    """A dependency: the caller of `Authorization: Bearer`, who must have a scope."""

    async def caller(
        services: ServicesOf,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> Caller:
        return await authenticate(services, credentials.credentials if credentials else None, scope)

    return caller


Speaker = Annotated[Caller, Depends(bearer("speak"))]
"""A caller who may have text spoken and look at voices."""
Trainer = Annotated[Caller, Depends(bearer("train"))]
"""A caller who may make, change and delete voices."""
