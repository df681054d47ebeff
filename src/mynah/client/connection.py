"""The connection to a server, and the errors of responses."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from mynah.errors import ServerError

TIMEOUT = httpx.Timeout(30.0, read=300.0)


def base(url: str) -> str:
    """The base URL of a server's API."""
    return f"{url.rstrip('/')}/v1/"


def headers(key: str | None) -> dict[str, str]:
    """The headers of every call."""
    return {"authorization": f"Bearer {key}"} if key else {}


@contextmanager
def reaching(url: httpx.URL) -> Iterator[None]:
    """Turn a failed connection into a `ServerError`.

    Raises:
        ServerError: the server does not answer.
    """
    try:
        yield
    except httpx.TransportError as error:
        kind = type(error).__name__
        raise ServerError(f"{url} does not answer ({kind}); check that it runs there.") from error


def checked(answer: httpx.Response) -> httpx.Response:
    """Return a successful response.

    Raises:
        ServerError: the response is an error.
    """
    if answer.is_success:
        return answer
    try:
        error = answer.json()["error"]
        raise ServerError(
            error["message"], error["code"], answer.status_code, error["param"], error["request_id"]
        )
    except (ValueError, LookupError, TypeError):
        raise ServerError(
            f"{answer.url} answers {answer.status_code}; check that it is a Mynah server."
        ) from None
