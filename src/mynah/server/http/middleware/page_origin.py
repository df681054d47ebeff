"""Web pages of other origins: they may open no WebSocket, and call nothing of a keyless server.

Browsers let any page send simple requests and open any WebSocket. A key protects from that, since
a page does not know it; where no key is needed, `Origin`, `Sec-Fetch-Site` and `Host` tell. `Host`
is checked because a page's own name may resolve to this machine by the time it calls (DNS
rebinding): an address, or a name that nobody can register, is none of a page's own.
"""

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from mynah.config import Settings
from mynah.server.errors import OriginError
from mynah.server.http.errors import ErrorWriterAt

_LOCAL_NAMES = (".localhost", ".local", ".internal")
_LINKED = ("/", "/docs")
"""Paths that a page may link to."""


@dataclass(frozen=True, slots=True)
class OriginRules:
    """Rules for browsers: the pages that may call, and the names of this server.

    Attributes:
        origins: whose pages may call; `*` is any.
        hosts: registered names of this server; `*` is any.
        keyless: true if calls need no key.
    """

    origins: Collection[str]
    hosts: Collection[str]
    keyless: bool

    @classmethod
    def of(cls, settings: Settings) -> "OriginRules":
        """The rules of the settings."""
        public = urlsplit(settings.public_url).hostname
        return cls(
            origins=settings.cors_origins,
            hosts=[*settings.allowed_hosts, settings.host, *([public] if public else [])],
            keyless=settings.no_auth or settings.gpt_sovits_no_auth,
        )

    def check(self, scope: Scope) -> None:
        """Check where a request comes from.

        Raises:
            OriginError: from a page that may not call.
        """
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self.keyless and not self._is_own(host):
            raise OriginError(
                f"This server is not known as {host:.80}; add the name to MYNAH_ALLOWED_HOSTS."
            )
        if not (self.keyless or scope["type"] == "websocket"):
            return
        origin = headers.get("origin")
        if origin is None:
            linked = scope["path"] in _LINKED and headers.get("sec-fetch-mode") == "navigate"
            foreign = headers.get("sec-fetch-site") == "cross-site" and not linked
        else:
            own = origin.partition("//")[2] == host
            foreign = not (own or _listed(origin, self.origins))
        if foreign:
            page = origin or "another site"
            raise OriginError(f"Pages of {page:.80} may not call; add it to MYNAH_CORS_ORIGINS.")

    def _is_own(self, host: str) -> bool:
        """True if a host is an address, or a name that no page can have."""
        name = _without_port(host).lower()
        registered = "." in name and not name.endswith(_LOCAL_NAMES) and not _is_address(name)
        return not registered or _listed(name, self.hosts)


class PageOriginMiddleware:
    """Refuse the calls of web pages that `OriginRules` do not allow."""

    def __init__(self, app: ASGIApp, rules: OriginRules, write_at: ErrorWriterAt) -> None:
        self._app = app
        self._rules = rules
        self._write_at = write_at

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the next app."""
        if scope["type"] in ("http", "websocket"):
            try:
                self._rules.check(scope)
            except OriginError as error:
                await self._write_at(scope["path"])(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _listed(name: str, names: Collection[str]) -> bool:
    return "*" in names or name in names


def _without_port(host: str) -> str:
    return host.partition("]")[0].removeprefix("[") if host[:1] == "[" else host.partition(":")[0]


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
