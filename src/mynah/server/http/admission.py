"""Admission of callers: a route authenticates and authorises its caller before it reads a body."""

from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, cast, runtime_checkable
from urllib.parse import unquote_to_bytes

from fastapi import APIRouter, Depends, Request, params
from fastapi.dependencies.models import Dependant
from fastapi.responses import Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from mynah.config import Settings
from mynah.server.access.keys import Caller
from mynah.server.errors import AuthenticationError, RequestError
from mynah.server.http.dependencies import bearer_secret
from mynah.server.http.middleware.body_limit import BodyRules
from mynah.server.http.request_body import body_of
from mynah.server.http.value_count import check_json, check_values
from mynah.server.services import Services

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_CONTENT_TYPE_CHARACTERS = 1000
_CALL = "mynah.call"
"""In the scope of a request: what is to be left when its response has ended."""
_bearer = HTTPBearer(auto_error=False, description="A key that `mynah keys create` printed.")


@runtime_checkable
class Access(Protocol):
    """Dependency of a route that admits its caller, and returns it."""

    async def admit(self, request: Request) -> Caller:
        """Authenticate and authorise the caller of a request by its head alone.

        Raises:
            AuthenticationError: the key is not valid.
            ScopeError: the key lacks the scope.
            RateLimitError: the key is over its limit.
        """


@dataclass(frozen=True, slots=True)
class BearerAccess:
    """Access by `Authorization: Bearer` for callers with a scope."""

    scope: str

    async def admit(self, request: Request) -> Caller:
        secret = bearer_secret(request.headers)
        return await services_of(request).authenticator.authenticate(secret, self.scope)

    async def __call__(
        self,
        request: Request,
        _: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> Caller:
        """Return the caller whom the route has admitted."""
        return admitted(request)


class AdmittingRoute(APIRoute):
    """Route that admits its caller, and then reads a body within its limits.

    The `Access` among its dependencies admits; a route without one reads no body. The call, its
    response included, ends when the caller's key does.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            async with AsyncExitStack() as call:
                scope[_CALL] = call
                await super().handle(scope, receive, watched)
        except AuthenticationError:
            if begun:  # too late for an error response
                raise ClientDisconnect from None
            raise

    def body_rules(self, settings: Settings) -> BodyRules:
        """The limits of the route's bodies."""
        return BodyRules.of(settings)

    def get_route_handler(self) -> Handler:
        """Wrap FastAPI's handler in the admission."""
        handle = super().get_route_handler()
        access = _access_of(self.dependant)
        if access is None:
            if self.body_field is not None:
                raise TypeError(f"{self.path} takes a body from anybody; give it an Access.")
            return _bounded(handle)
        is_form = _is_form(self)
        is_json = self.body_field is not None and not is_form

        async def admitting(request: Request) -> Response:
            await _admit(access, request)
            _check_head(request)
            rules = self.body_rules(services_of(request).settings)
            limit = rules.multipart_bytes if is_form else rules.plain_bytes
            body_of(request.scope).admit(limit, rules.seconds)
            if is_form:
                await _read_form(request, rules)
            elif is_json:
                check_json(await request.body())
            return await handle(request)

        return admitting


class DatasetRoute(AdmittingRoute):
    """Admitting route whose body may have the recordings of a training."""

    def body_rules(self, settings: Settings) -> BodyRules:
        return BodyRules.of_training(settings)


def admitting_router(**given: Any) -> APIRouter:  # noqa: ANN401 - as FastAPI's own
    """Create a router of `AdmittingRoute`s."""
    return APIRouter(route_class=AdmittingRoute, **given)


def admitted(request: Request) -> Caller:
    """The caller whom the route of a request has admitted."""
    return cast(Caller, request.state.caller)


def services_of(request: Request) -> Services:
    """The services of the app of a request."""
    return cast(Services, request.app.state.services)


async def _admit(access: Access, request: Request) -> None:
    caller = await access.admit(request)
    call: AsyncExitStack = request.scope[_CALL]
    await call.enter_async_context(services_of(request).open_calls.opened(caller))
    request.state.caller = caller


def _access_of(dependant: Dependant) -> Access | None:
    calls: list[object] = [each.call for each in dependant.dependencies]
    return next((call for call in calls if isinstance(call, Access)), None)


def _bounded(handle: Handler) -> Handler:
    async def bounded(request: Request) -> Response:
        _check_head(request)
        return await handle(request)

    return bounded


def _check_head(request: Request) -> None:
    """Refuse what would take long to parse, or be read with characters lost.

    Raises:
        RequestError: the query has too many values or is not UTF-8, or the content type is too
            long.
    """
    query = request.scope["query_string"]
    check_values(query.count(b"&"))
    _check_encoding(query)
    if len(request.headers.get("content-type", "")) > _CONTENT_TYPE_CHARACTERS:
        raise RequestError("The header content-type is too long; send a shorter one.")


def _check_encoding(query: bytes) -> None:
    # Starlette would replace what it cannot decode, and half a text would be spoken.
    try:
        unquote_to_bytes(query).decode()
    except UnicodeDecodeError:
        raise RequestError("The query is not UTF-8 (is it GBK?); encode it as UTF-8.") from None


def _is_form(route: APIRoute) -> bool:
    return route.body_field is not None and isinstance(route.body_field.field_info, params.Form)


async def _read_form(request: Request, rules: BodyRules) -> None:
    """Parse a form within its limits; FastAPI gets the result from the request, and closes it."""
    try:
        form = await request.form(
            max_files=rules.files, max_fields=rules.fields, max_part_size=rules.field_bytes
        )
    except (HTTPException, ClientDisconnect):
        raise
    except Exception as error:  # whatever the parser makes of foreign bytes
        raise HTTPException(400, "There was an error parsing the body") from error
    for _, value in form.multi_items():
        if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
            check_json(value.encode(errors="replace"))


SpeakCaller = Annotated[Caller, Depends(BearerAccess("speak"))]
"""A caller who may speak and read voices."""
TrainCaller = Annotated[Caller, Depends(BearerAccess("train"))]
"""A caller who may create, change and delete voices."""
