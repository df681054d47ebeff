"""Traces, sent to a collector that this test is."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def collector():
    """Takes spans over HTTP; they are in `spans`."""

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    self.server.spans.extend(scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        server.spans = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_trace_goes_from_the_call_through_text_and_both_stages(start, collector, synthesizer):
    url = f"http://127.0.0.1:{collector.server_port}/v1/traces"
    server = start(model=synthesizer, traces_url=url)
    answer = server.client().post(
        "/v1/audio/speech",
        json={"input": "你好。", "voice": "mandarin"},
        headers={"traceparent": PARENT},
    )
    assert answer.is_success
    server.services.traces.force_flush()
    spans = {span.name: span for span in collector.spans}
    assert spans.keys() == {"create_speech", "text", "semantic", "acoustic"}
    call = spans.pop("create_speech")
    assert call.parent_span_id.hex() == PARENT.split("-")[2]
    for span in spans.values():
        assert span.trace_id.hex() == PARENT.split("-")[1]
        assert span.parent_span_id == call.span_id
    ids = [item.value.string_value for item in call.attributes]
    assert answer.headers["x-request-id"] in ids
    assert "你好" not in str(collector.spans)


def test_nobody_traces_unless_told_to(start):
    assert start().services.traces is None
