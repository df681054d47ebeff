"""Headers of the current response, set from deep inside a call, for every protocol."""

import re
from collections.abc import Sequence
from contextvars import ContextVar

MOST_NAMED = 20
"""Fields that one header names."""
_FIELD = re.compile(r"[A-Za-z0-9_.-]{1,40}")
response_headers: ContextVar[dict[str, str] | None] = ContextVar("answer_headers", default=None)


def collect() -> dict[str, str]:
    """Start collecting headers for the current call; see `set_response_headers`."""
    # One dictionary for the call: tasks that it starts copy the context, not this.
    collected: dict[str, str] = {}
    response_headers.set(collected)
    return collected


def set_response_headers(**headers: str) -> None:
    """Set headers, or gRPC's metadata, of the current response, if there is one.

    Names have `_` for `-`; a name that is set again gets the new value.
    """
    collected = response_headers.get()
    if collected is not None:
        collected.update({name.replace("_", "-"): value for name, value in headers.items()})


def tell_ignored(fields: Sequence[str]) -> None:
    """Name the fields of a request that have no effect, in `X-Ignored-Fields`."""
    named = [name for name in fields if _FIELD.fullmatch(name)][:MOST_NAMED]
    if named:
        set_response_headers(x_ignored_fields=", ".join(named))


def add_server_timing(what: str, seconds: float) -> None:
    """Add one duration to the response's `Server-Timing`."""
    collected = response_headers.get()
    if collected is not None:
        earlier = collected.get("server-timing")
        parts = filter(None, [earlier, f"{what};dur={1000 * seconds:.1f}"])
        collected["server-timing"] = ", ".join(parts)
