"""Admission of callers: a route knows who calls, and what they may do, before it reads a body."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, cast, runtime_checkable

from fastapi import APIRouter, Depends, Request, params
from fastapi.dependencies.models import Dependant
from fastapi.responses import Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from mynah.server.access.keys import Caller
from mynah.server.app import Services
from mynah.server.errors import RequestError
from mynah.server.http.dependencies import bearer_secret
from mynah.server.http.middleware.body_limit import BodyRules
from mynah.server.http.request_body import body_of
from mynah.server.http.value_count import check_json, check_values

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_CONTENT_TYPE_CHARACTERS = 1000
_bearer = HTTPBearer(auto_error=False, description="A key that `mynah keys create` printed.")


@runtime_checkable
class Access(Protocol):
    """A dependency that gives the caller, whom its route has admitted by the same object."""

    async def admit(self, request: Request) -> Caller:
        """The caller of a request, told by its head alone.

        Raises:
            AuthenticationError: nobody holds the key.
            ScopeError: they may not do this.
            RateLimitError: they have asked too often.
        """
        ...


@dataclass(frozen=True, slots=True)
class BearerAccess:
    """Access by `Authorization: Bearer`.

    Attributes:
        scope: that the caller must have.
    """

    scope: str

    async def admit(self, request: Request) -> Caller:
        """See `Access`."""
        secret = bearer_secret(request.headers)
        return await services_of(request).authenticator.authenticate(secret, self.scope)

    async def __call__(
        self,
        request: Request,
        _: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> Caller:
        """The caller whom the route has admitted."""
        return admitted(request)


class AdmittingRoute(APIRoute):
    """A route that admits its caller, and then reads a body of the size that it may have.

    The `Access` among its dependencies says whom; a route without one reads no body.
    """

    def get_route_handler(self) -> Handler:
        """The handler of FastAPI, after the admission."""
        handle = super().get_route_handler()
        access = _access_of(self.dependant)
        if access is None:
            if self.body_field is not None:
                raise TypeError(f"{self.path} takes a body from anybody; give it an Access.")
            return _bounded(handle)
        is_form = _is_form(self)
        is_json = self.body_field is not None and not is_form

        async def admitting(request: Request) -> Response:
            request.state.caller = await access.admit(request)
            _check_head(request)
            rules = BodyRules.of(services_of(request).settings)
            body_of(request.scope).admit(rules.multipart_bytes if is_form else rules.plain_bytes)
            if is_form:
                await _read_form(request, rules)
            elif is_json:
                check_json(await request.body())
            return await handle(request)

        return admitting


def admitting_router(**given: Any) -> APIRouter:  # noqa: ANN401 - as FastAPI's own
    """A router of `AdmittingRoute`s."""
    return APIRouter(route_class=AdmittingRoute, **given)


def admitted(request: Request) -> Caller:
    """The caller whom the route of a request has admitted."""
    return cast(Caller, request.state.caller)


def services_of(request: Request) -> Services:
    """The services of the app that answers a request."""
    return cast(Services, request.app.state.services)


def _access_of(dependant: Dependant) -> Access | None:
    calls: list[object] = [each.call for each in dependant.dependencies]
    return next((call for call in calls if isinstance(call, Access)), None)


def _bounded(handle: Handler) -> Handler:
    async def bounded(request: Request) -> Response:
        _check_head(request)
        return await handle(request)

    return bounded


def _check_head(request: Request) -> None:
    """Refuse what would take long to parse.

    Raises:
        RequestError: the query has too many values, or the content type too many characters.
    """
    check_values(request.scope["query_string"].count(b"&"))
    if len(request.headers.get("content-type", "")) > _CONTENT_TYPE_CHARACTERS:
        raise RequestError("The header content-type is too long; send a shorter one.")


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
"""A caller who may have text spoken and look at voices."""
TrainCaller = Annotated[Caller, Depends(BearerAccess("train"))]
"""A caller who may make, change and delete voices."""
