"""`Idempotency-Key`: a repeated write gets the stored response and has no second effect."""

import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends
from fastapi import Header as HeaderField
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mynah.errors import MynahError
from mynah.server.access.idempotency import IdempotencyStore, StoredResponse, doing, write_name
from mynah.server.errors import AuthenticationError, RequestError
from mynah.server.http.dependencies import bearer_secret
from mynah.server.http.errors import ErrorWriter, ErrorWriterAt
from mynah.server.http.middleware.body_limit import BodyRules
from mynah.server.http.request_body import body_of
from mynah.server.response_headers import set_response_headers
from mynah.server.services import Services

HEADER = "idempotency-key"


async def _described(
    _: Annotated[
        str | None,
        HeaderField(
            alias="Idempotency-Key",
            pattern=r"^[\x21-\x7e]{1,255}$",
            description="Any text of the caller's own. The same call again with the same key, "
            "within a day, is answered as before and done once. Audio that is not stored is "
            "spoken again, or comes from the cache.",
        ),
    ] = None,
) -> None:
    """No effect: it documents the header, which `IdempotencyMiddleware` handles."""


DESCRIBED = Depends(_described)
"""Dependency of routes that write."""

_WRITES = ("POST", "PUT", "PATCH", "DELETE")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_BOUNDARY = re.compile(r'boundary="?([^";,]+)')
_LARGEST_ANSWER = 1 << 16
_JSON = "application/json"


class IdempotencyMiddleware:
    """Store successful JSON responses; errors change nothing, and audio has the cache."""

    def __init__(self, app: ASGIApp, rules: BodyRules, write_at: ErrorWriterAt) -> None:
        self._app = app
        self._rules = rules
        self._write_at = write_at

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the next app, unless the response is stored already."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers({})
        key = headers.get(HEADER)
        if key is None or scope["method"] not in _WRITES:
            with doing(None):
                await self._app(scope, receive, send)
            return
        try:
            name, owner = await _name_of(scope, headers, key)
        except RequestError as error:
            await self._write_at(scope["path"])(error)(scope, receive, send)
            return
        except AuthenticationError:
            # The app writes this error in the format of its API layer.
            await self._app(scope, receive, send)
            return
        await self._once(name, owner, scope, Fingerprint(receive, headers), send)

    async def _once(
        self, name: str, owner: str, scope: Scope, receive: "Fingerprint", send: Send
    ) -> None:
        first_answers = _services(scope).idempotency
        claim = await run_in_threadpool(first_answers.begin, name, owner)
        if claim is None:
            # The caller holds the key of the first write, so that the body may be read.
            limit = self._rules.largest(Headers(scope=scope))
            body_of(scope).admit(limit)
            again = await _again(first_answers, name, receive, self._write_at(scope["path"]))
            await again(scope, receive, send)
            return

        async def keep(first: StoredResponse) -> None:
            await run_in_threadpool(first_answers.finish, claim, receive.digest, first)

        async def abandon() -> None:
            await run_in_threadpool(first_answers.abandon, claim)

        answering = _Answering(send, keep, abandon)
        try:
            with doing(claim):
                await self._app(scope, receive, answering)
        finally:
            if not answering.settled:
                await abandon()


class Fingerprint:
    """A request's body with a hash of what was received.

    The boundary between the parts of a form is left out: clients make a new one each time.
    """

    def __init__(self, receive: Receive, headers: Headers) -> None:
        found = _BOUNDARY.search(headers.get("content-type", ""))
        self._boundary = found[1].encode("latin-1") if found else b""
        self._receive = receive
        self._hash = hashlib.sha256()
        self._rest = b""
        self._ended = False

    async def __call__(self) -> Message:
        """Receive the next part of the body."""
        message = await self._receive()
        self._ended = self._ended or not message.get("more_body", False)
        self._add(message.get("body", b""))
        return message

    async def read(self) -> None:
        """Receive the rest of the body."""
        while not self._ended:
            await self()

    @property
    def digest(self) -> str:
        """Hash of the body received so far."""
        whole = self._hash.copy()
        whole.update(self._rest)
        return whole.hexdigest()

    def _add(self, data: bytes) -> None:
        seen = self._rest + data
        if self._boundary:
            seen = seen.replace(self._boundary, b"")
        # A boundary may begin at the end of one part and end in the next.
        until = max(len(seen) - max(len(self._boundary) - 1, 0), 0)
        self._hash.update(seen[:until])
        self._rest = seen[until:]


class _Answering:
    """Sender that stores a response, or gives its key free, before its last byte leaves."""

    def __init__(
        self,
        send: Send,
        keep: Callable[[StoredResponse], Awaitable[None]],
        abandon: Callable[[], Awaitable[None]],
    ) -> None:
        self.settled = False
        self._send = send
        self._keep = keep
        self._abandon = abandon
        self._status = 0
        self._body = b""
        self._suits = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            is_json = Headers(raw=message["headers"]).get("content-type", "").startswith(_JSON)
            self._suits = is_json and 200 <= self._status < 300
        else:
            self._collect(message.get("body", b""))
            if not message.get("more_body", False):
                await self._settle()
        await self._send(message)

    def _collect(self, part: bytes) -> None:
        if self._suits:
            self._body += part
            self._suits = len(self._body) <= _LARGEST_ANSWER

    async def _settle(self) -> None:
        # Whoever has the whole answer may send the call again at once.
        if self._suits:
            await self._keep(StoredResponse(self._status, self._body))
        else:
            await self._abandon()
        self.settled = True


async def _name_of(scope: Scope, headers: Headers, key: str) -> tuple[str, str]:
    """Name of a write, and the owner of its caller."""
    if not _KEY.fullmatch(key):
        raise RequestError(
            "An Idempotency-Key has 1 to 255 printable characters; send such a one.",
            "Idempotency-Key",
        )
    given = bearer_secret(headers) or headers.get("xi-api-key")
    caller = await _services(scope).authenticator.caller_of(given)
    path = f"{scope['path']}?{scope['query_string'].decode('latin-1')}"
    return write_name(caller.id, scope["method"], path, key), caller.owner


async def _again(
    first_answers: IdempotencyStore, name: str, body: Fingerprint, write: ErrorWriter
) -> Response:
    try:
        await body.read()
        first = await run_in_threadpool(first_answers.answer, name, body.digest)
    except (MynahError, HTTPException) as error:
        return write(error)
    set_response_headers(idempotent_replayed="true")
    return Response(first.body, first.status, media_type=_JSON)


def _services(scope: Scope) -> Services:
    services: Services = scope["app"].state.services
    return services
