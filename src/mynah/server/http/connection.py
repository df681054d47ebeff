"""HTTP connection with timeouts for heads of requests and for clients that do not read."""

import logging
from asyncio import Transport
from asyncio.events import TimerHandle
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, cast

import httptools
from starlette.exceptions import HTTPException
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mynah.config import Settings
from mynah.runtime.logging import new_request_id
from mynah.server.http.errors import error_response
from mynah.server.http.lingering import LingeringTransport
from mynah.server.http.middleware.request_id import HEADER
from mynah.server.http.request_line import RequestLineEncoder
from mynah.server.http.upgrades import UpgradeIgnoringParser
from mynah.server.metrics import Metrics
from mynah.server.problems import counting

HEAD_BYTES = 1 << 16
"""Largest head of a request: its first line and its headers."""

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Head:
    """The head of a request that is still arriving, and its bytes after the first read."""

    size: int = 0


class Connection(HttpToolsProtocol):
    """uvicorn's connection, with timeouts and limits outside of an app."""

    def __init__(self, settings: Settings, metrics: Metrics, **given: Any) -> None:  # noqa: ANN401
        super().__init__(**given)
        self._settings = settings
        self._metrics = metrics
        self._unread: TimerHandle | None = None
        self._head: _Head | None = None
        self._line = RequestLineEncoder()
        self._timer: TimerHandle | None = None
        self._lingering: LingeringTransport | None = None
        self.parser = cast(httptools.HttpRequestParser, UpgradeIgnoringParser(self))

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Start the timeout of the first request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all timers."""
        self._stop_waiting()
        self._note_read()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Start the timeout of a client that reads too slowly."""
        super().pause_writing()
        self._unread = self.loop.call_later(self._settings.unread_seconds, self._leave)

    def resume_writing(self) -> None:
        """Stop the timeout of a slow reader."""
        self._note_read()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """Receive bytes of a request."""
        if self._lingering is not None:
            self._lingering.discard(len(data))
            return
        head = self._head
        super().data_received(self._line.encoded(data))
        if self._is_fed:
            self._wait()
        if head is not None and head is self._head:
            head.size += len(data)
            if head.size > HEAD_BYTES:
                self._refuse(431, f"The headers are larger than {HEAD_BYTES} bytes; send fewer.")

    def on_message_begin(self) -> None:
        """Start the head of a request, and its timeout."""
        super().on_message_begin()
        self._line.begin()
        self._head = _Head()
        self._wait()

    def on_headers_complete(self) -> None:
        """End the head; the app bounds the body."""
        if self.ignores_upgrade():
            return
        self._head = None
        self._stop_waiting()
        super().on_headers_complete()
        if cycle := self.cycle:
            cycle.transport = LingeringTransport(
                self.transport, lambda: cycle.more_body, self._linger
            )

    def on_message_complete(self) -> None:
        """End the request."""
        if not self.ignores_upgrade():
            self._line.complete()
            super().on_message_complete()

    def ignores_upgrade(self) -> bool:
        """True while the latest request offers an unsupported protocol."""
        if not self.parser.should_upgrade() or self._should_upgrade():
            return False
        # CONNECT is an upgrade too, without that header.
        return any(name == b"upgrade" for name, _ in self.headers)

    def send_400_response(self, msg: str) -> None:
        """Refuse input that is not HTTP."""
        self._refuse(400, "This is not HTTP; send a request as RFC 9112 has it.")

    @property
    def _is_fed(self) -> bool:
        """True if the input is nothing but the rest of an old request, with no end in sight."""
        over = self.cycle is not None and self.cycle.response_complete
        return over and self._timer is None and self.timeout_keep_alive_task is None

    def _wait(self) -> None:
        self._stop_waiting()
        self._timer = self.loop.call_later(self._settings.head_seconds, self._expire)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _note_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _linger(self, transport: LingeringTransport) -> None:
        """Read on after a response whose client is still sending."""
        self._lingering = transport
        self.flow.resume_reading()

    def _leave(self) -> None:
        """Abort: a client that does not read cannot receive an error; its request is cancelled."""
        _log.info("unread")
        self.transport.abort()

    def _expire(self) -> None:
        if self._head is None:
            self.shutdown()
        else:
            self._refuse(408, "The headers did not arrive in time; send them without pauses.")

    def _refuse(self, status: int, message: str) -> None:
        """Respond and close; after the current response, if there is one."""
        if self.cycle and not self.cycle.response_complete:
            self.flow.pause_reading()
        elif not self.transport.is_closing():
            copy_context().run(self._answer, status, message)
        self.shutdown()

    def _answer(self, status: int, message: str) -> None:
        name = new_request_id(None)
        with counting(lambda code: self._metrics.errors.labels(code).inc()):
            response = error_response(
                HTTPException(status, message, {HEADER: name, "connection": "close"})
            )
        lines = [b"%s: %s" % header for header in response.raw_headers]
        self.transport.write(
            b"\r\n".join([b"HTTP/1.1 %d " % status, *lines, b"", bytes(response.body)])
        )
        self._metrics.requests.labels("none", str(status)).inc()
        _log.info("refused", extra={"status": status})
