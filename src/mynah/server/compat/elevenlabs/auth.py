"""Authentication by the header `xi-api-key`."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, WebSocket
from fastapi.security import APIKeyHeader

from mynah.server.access.keys import Caller
from mynah.server.http.admission import admitted, services_of
from mynah.server.http.dependencies import bearer_secret

_NAME = "xi-api-key"
_header = APIKeyHeader(
    name=_NAME, auto_error=False, description="A key that `mynah keys create` printed."
)


@dataclass(frozen=True, slots=True)
class HeaderAccess:
    """Access by the header `xi-api-key` for callers with a scope."""

    scope: str

    async def admit(self, request: Request) -> Caller:
        secret = request.headers.get(_NAME)
        return await services_of(request).authenticator.authenticate(secret, self.scope)

    async def __call__(
        self, request: Request, _: Annotated[str | None, Depends(_header)]
    ) -> Caller:
        """Return the caller whom the route has admitted."""
        return admitted(request)


def key_of_socket(socket: WebSocket) -> str | None:
    """The key in the head of a WebSocket: a header, or the query, as browsers can send.

    None without one: the first message may have it.
    """
    header, query = socket.headers, socket.query_params
    in_query = query.get("xi_api_key") or query.get(_NAME) or query.get("authorization", "")
    return header.get(_NAME) or bearer_secret(header) or in_query.removeprefix("Bearer ") or None


SpeakCaller = Annotated[Caller, Depends(HeaderAccess("speak"))]
"""A caller who may speak and read voices."""
TrainCaller = Annotated[Caller, Depends(HeaderAccess("train"))]
"""A caller who may create and delete voices."""
