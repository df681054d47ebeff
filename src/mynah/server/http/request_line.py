"""Percent-encoding of the bytes that a request's first line may not hold.

curl and many plug-ins of GPT-SoVITS send a Chinese text in a URL as it is, without
percent-encoding (RFC 3986, section 2.1). Such a line has one meaning, and llhttp refuses it.
"""

import re

_NOT_ASCII = re.compile(rb"[\x80-\xff]")


class RequestLineEncoder:
    """Encoder of the first line of each request of a connection; all other bytes stay.

    The line may come in parts. A request that is sent before the earlier one has been answered
    keeps its line, because its start is not known before its bytes are parsed.
    """

    def __init__(self) -> None:
        self._expected = True
        self._ended = False

    def encoded(self, data: bytes) -> bytes:
        """Encode the part of a first line that is in received bytes."""
        if not self._expected:
            return data
        # Empty lines may come before a request (RFC 9112, section 2.2).
        start = len(data) - len(data.lstrip(b"\r\n"))
        end = data.find(b"\n", start)
        self._ended = end >= 0
        self._expected = not self._ended
        if data.isascii():
            return data
        line, rest = (data[:end], data[end:]) if self._ended else (data, b"")
        return _NOT_ASCII.sub(lambda byte: b"%%%02X" % ord(byte[0]), line) + rest

    def begin(self) -> None:
        """Note that the parser has found the start of a request."""
        self._expected = not self._ended

    def complete(self) -> None:
        """Note that the request has ended: the next bytes are another's first line."""
        self._expected = True
