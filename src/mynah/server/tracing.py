"""OpenTelemetry: a span for each call, around those of the stages."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from mynah.runtime.logging import current_request_id
from mynah.runtime.tracing import use_tracer


def open_traces(url: str) -> TracerProvider:
    """Export spans to a collector by OTLP over HTTP, such as `http://localhost:4318/v1/traces`."""
    provider = TracerProvider(
        resource=Resource.create({SERVICE_NAME: "mynah"}), shutdown_on_exit=False
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))
    return provider


@contextmanager
def traced_call(provider: TracerProvider, headers: Mapping[str, str]) -> Iterator[trace.Span]:
    """Trace a call, as part of its caller's trace if `traceparent` names one."""
    tracer = provider.get_tracer("mynah")
    call = tracer.start_as_current_span(
        "call",
        context=propagate.extract(headers),
        kind=trace.SpanKind.SERVER,
        # The message of an exception may quote a caller's text.
        record_exception=False,
        set_status_on_exception=False,
    )
    with call as span, use_tracer(tracer):
        span.set_attribute("mynah.request_id", current_request_id() or "")
        yield span
