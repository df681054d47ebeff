"""Limits of request bodies: declared sizes are checked here, others while the body arrives."""

from dataclasses import dataclass, replace

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from mynah.config import MEBIBYTE, Settings
from mynah.server.http.errors import ErrorWriterAt
from mynah.server.http.request_body import RequestBody

FULL_SIZE_RECORDINGS = 2
"""A form has many small recordings or a few large ones."""


@dataclass(frozen=True, slots=True)
class BodyRules:
    """Limits of bodies.

    Attributes:
        plain_bytes: largest one without files.
        multipart_bytes: largest one with files.
        seconds: time for it to arrive.
        files: most files of a form.
        fields: most other fields of a form.
        field_bytes: largest of these.
    """

    plain_bytes: int
    multipart_bytes: int
    seconds: float
    files: int
    fields: int
    field_bytes: int

    @classmethod
    def of(cls, settings: Settings) -> "BodyRules":
        """Create the limits of the settings.

        A form may have somewhat more than a voice takes, so that its own checks can name the number
        that is wrong.
        """
        recordings = settings.upload_recordings
        return cls(
            plain_bytes=settings.body_bytes,
            multipart_bytes=FULL_SIZE_RECORDINGS * settings.upload_bytes + MEBIBYTE,
            seconds=settings.body_seconds,
            files=2 * recordings,
            fields=4 * recordings + 20,
            field_bytes=MEBIBYTE // 8,
        )

    @classmethod
    def of_training(cls, settings: Settings) -> "BodyRules":
        """Create the limits of a training request, which may have hundreds of recordings."""
        usual = cls.of(settings)
        size = max(usual.multipart_bytes, settings.train_bytes + MEBIBYTE)
        return replace(
            usual,
            multipart_bytes=size,
            seconds=usual.seconds * size / usual.multipart_bytes,
            files=max(usual.files, 2 * settings.train_recordings),
            fields=max(usual.fields, 2 * settings.train_recordings + 20),
        )

    def largest(self, headers: Headers) -> int:
        """Largest body under these headers."""
        multipart = headers.get("content-type", "").startswith("multipart/form-data")
        return self.multipart_bytes if multipart else self.plain_bytes


class BodyLimitMiddleware:
    """Seal request bodies until a route admits the caller; refuse one declared too large.

    The rules are the widest of all routes.
    """

    def __init__(self, app: ASGIApp, rules: BodyRules, write_at: ErrorWriterAt) -> None:
        self._app = app
        self._rules = rules
        self._write_at = write_at

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the next app."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = RequestBody(receive, scope, self._rules.seconds)
        answering = body.answering(send)
        try:
            body.check_declared(self._rules.largest(Headers(scope=scope)))
        except HTTPException as error:
            await self._write_at(scope["path"])(error)(scope, receive, answering)
            return
        await self._app(scope, body.receive, answering)
