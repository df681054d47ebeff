"""Messages of a WebSocket."""

from collections.abc import AsyncIterator
from typing import Any

from fastapi import WebSocket
from pydantic import TypeAdapter

from mynah.server.errors import RequestError
from mynah.server.http.value_count import check_json
from mynah.server.problems import validated

_OBJECT: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


async def messages(socket: WebSocket) -> AsyncIterator[str | None]:
    """Yield the text of each message; None for a binary one."""
    while (message := await socket.receive())["type"] != "websocket.disconnect":
        yield message.get("text")


def object_of(message: str | None) -> dict[str, Any]:
    """Parse a message that must be a JSON object.

    Raises:
        RequestError, RequestValidationError: it is not.
    """
    if message is None:
        raise RequestError("A message is not text; send each as a JSON object in a text frame.")
    check_json(message.encode(errors="replace"))
    return validated(_OBJECT.validate_json, message)
