"""HTTP/1.1 parser that ignores an offer to upgrade to another protocol than WebSocket.

A server may ignore `Upgrade` (RFC 9110, section 7.8). httptools cannot: it leaves the body of such
a request unread and parses nothing more, so that the request is parsed again without the offer.
"""

from typing import Protocol

import httptools


class UpgradeReader(Protocol):
    """The connection that a parser reports to, with the head of the latest request."""

    url: bytes
    headers: list[tuple[bytes, bytes]]

    def ignores_upgrade(self) -> bool:
        """True while the latest request offers an unsupported protocol."""


class UpgradeIgnoringParser:
    """The part of `httptools.HttpRequestParser` that uvicorn uses.

    The reader must ignore the events of a request whose upgrade it ignores; it gets them again.
    """

    def __init__(self, reader: UpgradeReader) -> None:
        self._reader = reader
        self._parser = _new_parser(reader)

    def feed_data(self, data: bytes) -> None:
        """Parse the next bytes of a connection.

        Raises:
            HttpParserError: they are not HTTP.
            HttpParserUpgrade: the client offers a supported protocol.
        """
        while data:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                if not self._reader.ignores_upgrade():
                    raise
                data = data[upgrade.args[0] :]
                head = self._head()
                self._parser = _new_parser(self._reader)
                self._parser.feed_data(head)
            else:
                return

    def get_http_version(self) -> str:
        """HTTP version of the latest request."""
        return self._parser.get_http_version()

    def get_method(self) -> bytes:
        """Method of the latest request."""
        return self._parser.get_method()

    def should_keep_alive(self) -> bool:
        """True if the connection stays open after the latest request."""
        return self._parser.should_keep_alive()

    def should_upgrade(self) -> bool:
        """True if the latest request offers another protocol."""
        return self._parser.should_upgrade()

    def _head(self) -> bytes:
        """The head of the latest request without its offer."""
        version = self._parser.get_http_version().encode()
        first = b"%s %s HTTP/%s" % (self._parser.get_method(), self._reader.url, version)
        lines = [b"%s: %s" % header for header in self._reader.headers if header[0] != b"upgrade"]
        return b"\r\n".join([first, *lines, b"", b""])


def _new_parser(reader: UpgradeReader) -> httptools.HttpRequestParser:
    parser = httptools.HttpRequestParser(reader)
    # As uvicorn has it: a request may follow one that closes the connection.
    parser.set_dangerous_leniencies(lenient_data_after_close=True)
    return parser
