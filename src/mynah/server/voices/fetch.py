"""Recordings by URL, fetched from allowed hosts only, against SSRF.

Hosts are named in the settings, a host's addresses are checked before one is connected to, that
very address is connected to, and every redirect is treated as a new URL.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from mynah.errors import OptionError
from mynah.server.access.egress import EgressPolicy, PrivateHostError, UnknownHostError
from mynah.server.errors import RecordingUrlError
from mynah.server.urls import NotUrlError, parse_url

ANY_HOST = "*"
REDIRECTS = 3


@dataclass(frozen=True, slots=True)
class FetchRules:
    """Allowed sources of recordings.

    Attributes:
        hosts: names of hosts; `*` is any; none fetches nothing.
        schemes: of `https` and `http`.
        networks: allowed although they are not public, such as `10.1.0.0/16`.
        bytes: largest recording.
        seconds: time for one recording, from its name to its last byte.
    """

    hosts: Sequence[str]
    schemes: Sequence[str]
    networks: Sequence[str]
    bytes: int
    seconds: float

    def __post_init__(self) -> None:
        """Refuse invalid networks.

        Raises:
            OptionError: naming one.
        """
        try:
            EgressPolicy(self.networks)
        except ValueError as error:
            raise OptionError(f"MYNAH_FETCH_NETWORKS: {error}; write 10.1.0.0/16.") from None

    def check(self, url: httpx.URL) -> None:
        """Refuse a URL of another scheme or host.

        Raises:
            RecordingUrlError: it is one.
        """
        if not self.hosts:
            raise RecordingUrlError(
                "This server fetches no recordings; send them in the call, or have its operator "
                "set MYNAH_FETCH_HOSTS."
            )
        if url.scheme not in self.schemes:
            raise RecordingUrlError(
                f"Recordings are fetched by {' or '.join(self.schemes)}; use such a URL."
            )
        if url.host not in self.hosts and ANY_HOST not in self.hosts:
            raise RecordingUrlError(
                f"Recordings are not fetched from {url.host:.80}; use a host that the server's "
                "operator allows."
            )

    def allow(self, address: str) -> bool:
        """True if an address is public, or in an allowed network."""
        return EgressPolicy(self.networks).allows(address)


async def fetch(url: str, rules: FetchRules) -> bytes:
    """Fetch the content of a URL.

    Raises:
        RecordingUrlError: it may not be fetched, cannot be, is too large, or takes too long.
    """
    try:
        async with asyncio.timeout(rules.seconds):
            return await _fetch(parse_url(url), rules)
    except NotUrlError:
        raise RecordingUrlError(f"{url:.80} is no URL, or leads on to none; correct it.") from None
    except (httpx.HTTPError, UnicodeError) as error:  # of a redirect's host, which httpx parses
        raise RecordingUrlError(
            f"A recording cannot be fetched ({type(error).__name__}); check its URL."
        ) from None
    except TimeoutError:
        raise RecordingUrlError(
            f"A recording was not there within {rules.seconds:g} s; send it in the call."
        ) from None


async def _fetch(url: httpx.URL, rules: FetchRules) -> bytes:
    # Without the environment's proxies, which would resolve the name anew.
    async with httpx.AsyncClient(trust_env=False, timeout=rules.seconds) as client:
        for _ in range(REDIRECTS + 1):
            rules.check(url)
            answer = await client.send(await _request(client, url, rules), stream=True)
            try:
                if not answer.has_redirect_location:
                    return await _body(answer, rules)
                url = parse_url(answer.headers["location"], url)
            finally:
                await answer.aclose()
    raise RecordingUrlError(f"A URL leads on more than {REDIRECTS} times; use where it ends.")


async def _request(client: httpx.AsyncClient, url: httpx.URL, rules: FetchRules) -> httpx.Request:
    """Build a request to the checked address in the name of the host."""
    address = await _address(url, rules)
    headers = {"host": url.netloc.decode("ascii"), "accept-encoding": "identity"}
    name = {"sni_hostname": url.raw_host.decode("ascii")}
    return client.build_request(
        "GET", url.copy_with(host=address), headers=headers, extensions=name
    )


async def _address(url: httpx.URL, rules: FetchRules) -> str:
    try:
        return await EgressPolicy(rules.networks).address(url.host)
    except UnknownHostError:
        raise RecordingUrlError(f"There is no host {url.host:.80}; check the URL.") from None
    except PrivateHostError:
        raise RecordingUrlError(
            f"{url.host:.80} is not a public host; use one that anyone can reach."
        ) from None


async def _body(answer: httpx.Response, rules: FetchRules) -> bytes:
    if answer.status_code != httpx.codes.OK:
        raise RecordingUrlError(
            f"The URL of a recording answers {answer.status_code}; check that it can be read."
        )
    body = bytearray()
    # As it comes: a compressed answer could unfold to any size.
    async for data in answer.aiter_raw():
        body += data
        if len(body) > rules.bytes:
            raise RecordingUrlError(
                f"A recording is larger than {rules.bytes >> 20} MiB; cut it or store it as MP3."
            )
    return bytes(body)
