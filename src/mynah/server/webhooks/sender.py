"""One attempt at a webhook: signed, to a checked address, within a timeout.

The very address that was checked is connected to. Redirects are not followed, proxies are not
used, and of the response only the status is read.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from standardwebhooks import Webhook

from mynah.errors import OptionError
from mynah.server.access.egress import EgressPolicy, PrivateHostError, UnknownHostError
from mynah.server.errors import CallbackError
from mynah.server.urls import NotUrlError, parse_url

_SCHEMES = ("https", "http")
_LONGEST_URL = 2000


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """Result of an attempt: the status of HTTP, or the reason that there was no response."""

    status: int | None
    error: str | None = None

    @property
    def delivered(self) -> bool:
        """True if the receiver accepted it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def unwanted(self) -> bool:
        """True if the receiver asked for no more attempts."""
        return self.status == httpx.codes.GONE


@dataclass(frozen=True, slots=True)
class Message:
    """A webhook message.

    Attributes:
        id: the same at each attempt, so that receivers can recognise duplicates.
        url: of the receiver.
        body: JSON.
        secrets: each makes a signature.
    """

    id: str
    url: str
    body: str
    secrets: Sequence[str]

    def headers(self) -> dict[str, str]:
        """Headers with signatures as of now."""
        at = datetime.now(UTC)
        signatures = [Webhook(secret).sign(self.id, at, self.body) for secret in self.secrets]
        return {
            "content-type": "application/json",
            "user-agent": "Mynah",
            "webhook-id": self.id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(signatures),
        }


class Sender:
    """Sender of webhooks.

    Args:
        networks: allowed although they are not public.
        seconds: for an attempt, from the host's name to the status.

    Raises:
        OptionError: a network is invalid.
    """

    def __init__(self, networks: Sequence[str], seconds: float) -> None:
        try:
            self._reach = EgressPolicy(networks)
        except ValueError as error:
            raise OptionError(f"MYNAH_WEBHOOK_NETWORKS: {error}; write 10.1.0.0/16.") from None
        self._seconds = seconds

    async def send(self, message: Message) -> AttemptResult:
        """Make one attempt."""
        try:
            async with asyncio.timeout(self._seconds):
                return AttemptResult(await self._send(message))
        except TimeoutError:
            return AttemptResult(None, f"no answer within {self._seconds:g} s")
        except CallbackError as error:
            return AttemptResult(None, str(error))
        # httpx parses the host of a redirect, which is not followed.
        except (httpx.HTTPError, OSError, UnicodeError) as error:
            return AttemptResult(None, type(error).__name__)

    async def _send(self, message: Message) -> int:
        url = parsed(message.url)
        address = await self._address(url.host)
        async with httpx.AsyncClient(trust_env=False, timeout=self._seconds) as client:
            request = client.build_request(
                "POST",
                url.copy_with(host=address),
                content=message.body.encode(),
                headers=message.headers() | {"host": url.netloc.decode("ascii")},
                extensions={"sni_hostname": url.raw_host.decode("ascii")},
            )
            answer = await client.send(request, stream=True)
            await answer.aclose()
        return answer.status_code

    async def _address(self, host: str) -> str:
        try:
            return await self._reach.address(host)
        except UnknownHostError:
            raise CallbackError(f"There is no host {host:.80}; check the URL.") from None
        except PrivateHostError:
            raise CallbackError(
                f"{host:.80} is not a public host; use one that anyone can reach, or have the "
                "server's operator set MYNAH_WEBHOOK_NETWORKS."
            ) from None


def parsed(text: str) -> httpx.URL:
    """Parse a callback URL.

    Raises:
        CallbackError: it is invalid or not allowed.
    """
    try:
        url = parse_url(text)
    except NotUrlError:
        raise CallbackError("The callback URL is not a URL; correct it.") from None
    if url.scheme not in _SCHEMES or len(text) > _LONGEST_URL or url.userinfo:
        raise CallbackError(
            "A callback URL begins with https:// and a host, without a name and password; "
            "correct it."
        )
    return url
