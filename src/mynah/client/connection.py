"""How a server is reached, and what becomes of an answer that is none."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from mynah.errors import ServerError

TIMEOUT = httpx.Timeout(30.0, read=300.0)


def base(url: str) -> str:
    """Where the API of a server is."""
    return f"{url.rstrip('/')}/v1/"


def headers(key: str | None) -> dict[str, str]:
    """What every call carries."""
    return {"authorization": f"Bearer {key}"} if key else {}


@contextmanager
def reaching(url: httpx.URL) -> Iterator[None]:
    """Tells of a server that does not answer.

    Raises:
        ServerError: it does not.
    """
    try:
        yield
    except httpx.TransportError as error:
        kind = type(error).__name__
        raise ServerError(f"{url} does not answer ({kind}); check that it runs there.") from error


def checked(answer: httpx.Response) -> httpx.Response:
    """An answer that is a success.

    Raises:
        ServerError: it is none; what the server said of it.
    """
    if answer.is_success:
        return answer
    try:
        told = answer.json()["error"]
        raise ServerError(
            told["message"], told["code"], answer.status_code, told["param"], told["request_id"]
        )
    except (ValueError, LookupError, TypeError):
        raise ServerError(
            f"{answer.url} answers {answer.status_code}; check that it is a Mynah server."
        ) from None
