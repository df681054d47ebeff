"""Authentication by an optional bearer key, because `api_v2` itself has none."""

from typing import Annotated

from fastapi import Depends, Request

from mynah.server.access.keys import Caller
from mynah.server.http.admission import BearerAccess, services_of
from mynah.server.http.dependencies import bearer_secret

KEYLESS = Caller("gpt-sovits", ("speak",))
"""The caller of all requests without a key, if the settings allow them."""


class KeylessAccess(BearerAccess):
    """Access by `Authorization: Bearer`, or without it if the settings allow that."""

    async def admit(self, request: Request) -> Caller:
        services = services_of(request)
        settings = services.settings
        keyless = settings.gpt_sovits_no_auth and not settings.no_auth
        if not keyless or bearer_secret(request.headers) is not None:
            return await super().admit(request)
        KEYLESS.require(self.scope)
        await services.limits.count_request(KEYLESS)
        return KEYLESS


SpeakCaller = Annotated[Caller, Depends(KeylessAccess("speak"))]
"""A caller who may speak."""
AdminCaller = Annotated[Caller, Depends(KeylessAccess("admin"))]
"""A caller who may do everything."""
