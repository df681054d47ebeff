"""Responses of stored data, whole or in part, as RFC 9110 has ranges and preconditions."""

import re
from collections.abc import Mapping

from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from starlette.exceptions import HTTPException

from mynah.storage.blobs import Blob

_RANGE = re.compile(r"bytes=\s*(\d{0,19})-(\d{0,19})\s*", re.ASCII | re.IGNORECASE)
_TAG = re.compile(r'(?:W/)?("[^"]*")')


def blob_response(
    request: Request, blob: Blob, media_type: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer a GET or HEAD with a blob, or with the part of it that `Range` asks for.

    Several ranges at once are answered with the whole, as RFC 9110 allows.

    Raises:
        HTTPException: 416, the range begins behind the end.
        FileNotFoundError: the blob is gone.
    """
    tag = f'"{blob.tag}"'
    told = {**(headers or {}), "accept-ranges": "bytes", "etag": tag}
    if _has_tag(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=told)
    # A range is defined for GET alone.
    part = _part(request, blob.size, tag) if request.method == "GET" else None
    start, stop = part or (0, blob.size)
    told["content-length"] = str(stop - start)
    if part:
        told["content-range"] = f"bytes {start}-{stop - 1}/{blob.size}"
    if request.method == "HEAD":
        return Response(headers=told, media_type=media_type)
    return StreamingResponse(
        blob.read(start, stop), 206 if part else 200, headers=told, media_type=media_type
    )


def _part(request: Request, size: int, tag: str) -> tuple[int, int] | None:
    """Positions of the part that is asked for; None if the whole is."""
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    # Nothing is told of the time of a change, so a date is of another state.
    if asked is None or request.headers.get("if-range", tag) != tag:
        return None
    first, last = asked.groups()
    if not (first or last) or (first and last and int(last) < int(first)):
        return None
    start = int(first) if first else max(0, size - int(last))
    stop = min(int(last) + 1, size) if first and last else size
    if start >= size:
        raise HTTPException(
            416,
            f"The range begins behind the end; there are {size} bytes.",
            {"content-range": f"bytes */{size}"},
        )
    return start, stop


def _has_tag(condition: str, tag: str) -> bool:
    return condition.strip() == "*" or tag in _TAG.findall(condition)
