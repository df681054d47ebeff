"""OpenTelemetry: a span for each call, around those of the stages."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from mynah.runtime.logging import current_request_id
from mynah.runtime.tracing import use_tracer


def open_traces(url: str) -> TracerProvider:
    """Sends spans to a collector by OTLP over HTTP, such as `http://localhost:4318/v1/traces`."""
    provider = TracerProvider(
        resource=Resource.create({SERVICE_NAME: "mynah"}), shutdown_on_exit=False
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))
    return provider


@contextmanager
def traced_call(provider: TracerProvider, headers: Mapping[str, str]) -> Iterator[trace.Span]:
    """Traces a call, as part of its caller's trace if `traceparent` names one.

    Args:
        provider: takes the spans.
        headers: of the call.
    """
    tracer = provider.get_tracer("mynah")
    call = tracer.start_as_current_span(
        "call",
        context=propagate.extract(headers),
        kind=trace.SpanKind.SERVER,
        # What an exception says may be anybody's text.
        record_exception=False,
        set_status_on_exception=False,
    )
    with call as span, use_tracer(tracer):
        span.set_attribute("mynah.request_id", current_request_id() or "")
        yield span


class TracingMiddleware:
    """Has each call traced.

    Args:
        app: inside.
        provider: takes the spans.
    """

    def __init__(self, app: ASGIApp, provider: TracerProvider) -> None:
        self._app = app
        self._provider = provider

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Calls the app inside."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        with traced_call(self._provider, Headers(scope=scope)) as call:
            try:
                await self._app(scope, receive, send)
            finally:
                call.update_name(getattr(scope.get("endpoint"), "__name__", "none"))
