"""Who calls: a bearer's key where there is one, because `api_v2` itself knows none."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from mynah.service.auth import authenticate
from mynah.service.keys import Caller
from mynah.service.services import ServicesOf

KEYLESS = Caller("gpt-sovits", ("speak",))
"""Every caller without a key where the settings let them speak."""

_bearer = HTTPBearer(auto_error=False, description="A key that `mynah keys create` printed.")


def _holder(scope: str) -> Callable[..., Awaitable[Caller]]:
    async def caller(
        services: ServicesOf,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> Caller:
        settings = services.settings
        if credentials is None and settings.gpt_sovits_no_auth and not settings.no_auth:
            KEYLESS.require(scope)
            await services.limits.count_request(KEYLESS)
            return KEYLESS
        return await authenticate(services, credentials.credentials if credentials else None, scope)

    return caller


Speaker = Annotated[Caller, Depends(_holder("speak"))]
"""A caller who may have text spoken."""
Admin = Annotated[Caller, Depends(_holder("admin"))]
"""A caller who may do everything."""
