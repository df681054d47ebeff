"""Spans across the stages, for whoever traces; nobody does unless a tracer is put in use.

No stage knows who traces: the tracer comes with the context of the call, which the engine carries
into its own thread.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, Protocol


class Tracer(Protocol):
    """The part of OpenTelemetry's tracers that is used."""

    def start_as_current_span(self, name: str) -> AbstractContextManager[Any]:
        """Begins a span within the present one; leaving the context ends it."""


_tracer: ContextVar[Tracer | None] = ContextVar("tracer", default=None)


@contextmanager
def use_tracer(tracer: Tracer) -> Iterator[None]:
    """Spans of this call go to a tracer."""
    before = _tracer.set(tracer)
    try:
        yield
    finally:
        _tracer.reset(before)


@contextmanager
def span(name: str) -> Iterator[None]:
    """Traces what happens within, if anybody traces."""
    tracer = _tracer.get()
    if tracer is None:
        yield
        return
    with tracer.start_as_current_span(name):
        yield
