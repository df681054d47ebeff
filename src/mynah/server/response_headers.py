"""Headers that are known deep inside a call and belong on its answer, whatever writes that."""

import re
from collections.abc import Sequence
from contextvars import ContextVar

MOST_NAMED = 20
"""Fields that one header names."""
_FIELD = re.compile(r"[A-Za-z0-9_.-]{1,40}")
response_headers: ContextVar[dict[str, str] | None] = ContextVar("answer_headers", default=None)


def collect() -> dict[str, str]:
    """Collects what is told while the present task answers a call; see `set_response_headers`."""
    # One dictionary for the call: tasks that it starts copy the context, not this.
    told: dict[str, str] = {}
    response_headers.set(told)
    return told


def set_response_headers(**headers: str) -> None:
    """Puts headers, or gRPC's metadata, on the answer to the present call, if there is one.

    Args:
        headers: names with `_` for `-`. A name that was told before is told anew.
    """
    told = response_headers.get()
    if told is not None:
        told.update({name.replace("_", "-"): value for name, value in headers.items()})


def tell_ignored(fields: Sequence[str]) -> None:
    """Name the fields of a request that have no effect, in `X-Ignored-Fields`."""
    named = [name for name in fields if _FIELD.fullmatch(name)][:MOST_NAMED]
    if named:
        set_response_headers(x_ignored_fields=", ".join(named))


def add_server_timing(what: str, seconds: float) -> None:
    """Puts one more part of the time to the answer into its `Server-Timing`."""
    told = response_headers.get()
    if told is not None:
        parts = filter(None, [told.get("server-timing"), f"{what};dur={1000 * seconds:.1f}"])
        told["server-timing"] = ", ".join(parts)
