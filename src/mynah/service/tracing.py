"""OpenTelemetry: a span for each call, around those of the stages."""

from contextlib import ExitStack

from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from mynah.service.request_id import current_request_id
from mynah.tracing import traced_by


def open_traces(url: str) -> TracerProvider:
    """Sends spans to a collector by OTLP over HTTP, such as `http://localhost:4318/v1/traces`."""
    provider = TracerProvider(
        resource=Resource.create({SERVICE_NAME: "mynah"}), shutdown_on_exit=False
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))
    return provider


class TracingMiddleware:
    """Has each call traced, as part of its caller's trace if `traceparent` names one.

    Args:
        app: inside.
        provider: takes the spans.
    """

    def __init__(self, app: ASGIApp, provider: TracerProvider) -> None:
        self._app = app
        self._tracer = provider.get_tracer("mynah")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Calls the app inside."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        parent = propagate.extract(dict(Headers(scope=scope)))
        with ExitStack() as traced:
            call = traced.enter_context(
                self._tracer.start_as_current_span(
                    "call", context=parent, kind=trace.SpanKind.SERVER, record_exception=False
                )
            )
            traced.enter_context(traced_by(self._tracer))
            call.set_attribute("mynah.request_id", current_request_id() or "")
            try:
                await self._app(scope, receive, send)
            finally:
                call.update_name(getattr(scope.get("endpoint"), "__name__", "none"))
