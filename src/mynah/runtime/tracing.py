"""Spans across the stages; none unless a tracer is set.

The tracer comes with the context of the call, which the engine carries into its own thread.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, Protocol


class Tracer(Protocol):
    """The part of OpenTelemetry's tracers that is used."""

    def start_as_current_span(self, name: str) -> AbstractContextManager[Any]:
        """Begin a child span of the current one; leaving the context ends it."""


_tracer: ContextVar[Tracer | None] = ContextVar("tracer", default=None)


@contextmanager
def use_tracer(tracer: Tracer) -> Iterator[None]:
    """Send the spans of this call to a tracer."""
    before = _tracer.set(tracer)
    try:
        yield
    finally:
        _tracer.reset(before)


@contextmanager
def span(name: str) -> Iterator[None]:
    """Trace the block, if a tracer is set."""
    tracer = _tracer.get()
    if tracer is None:
        yield
        return
    with tracer.start_as_current_span(name):
        yield
