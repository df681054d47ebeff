"""URLs of callers, parsed whole, so that no part of one fails later."""

import httpx

_LARGEST_PORT = 65_535


class NotUrlError(ValueError):
    """The text is no URL that can be connected to."""


def parse_url(text: str, base: httpx.URL | None = None) -> httpx.URL:
    """Parse a URL, relative to `base` for a redirect.

    Raises:
        NotUrlError: it is none, its host's name is not one, or its port is out of range.
    """
    try:
        url = base.join(text) if base else httpx.URL(text)
        # A host's name is decoded on access, and may be invalid.
        has_host = bool(url.host)
    except (httpx.InvalidURL, ValueError):
        raise NotUrlError from None
    if not has_host or (url.port is not None and not 0 < url.port <= _LARGEST_PORT):
        raise NotUrlError
    return url
