"""Who calls: the key is in the header `xi-api-key`."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends
from fastapi.security import APIKeyHeader

from mynah.service.auth import authenticate
from mynah.service.keys import Caller
from mynah.service.services import ServicesOf

_header = APIKeyHeader(
    name="xi-api-key", auto_error=False, description="A key that `mynah keys create` printed."
)


def _holder(scope: str) -> Callable[..., Awaitable[Caller]]:
    async def caller(
        services: ServicesOf, secret: Annotated[str | None, Depends(_header)]
    ) -> Caller:
        return await authenticate(services, secret, scope)

    return caller


Speaker = Annotated[Caller, Depends(_holder("speak"))]
"""A caller who may have text spoken and look at voices."""
Trainer = Annotated[Caller, Depends(_holder("train"))]
"""A caller who may make and delete voices."""
