"""Traces, sent to a collector that this test is."""

import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from mynah.v1 import speech_pb2 as pb
from mynah.v1.speech_pb2_grpc import SpeechStub

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


def spans_of(server, collector, names: set[str]) -> dict[str, object]:
    """The spans that came, by name; a stage ends its own a moment after its sound has left."""
    deadline = time.monotonic() + 10
    while True:
        server.services.traces.force_flush()
        spans = {span.name: span for span in collector.spans}
        if spans.keys() >= names or time.monotonic() > deadline:
            return spans
        time.sleep(0.02)


def test_a_trace_goes_from_the_call_through_text_and_both_stages(start, collector, models):
    url = f"http://127.0.0.1:{collector.server_port}/v1/traces"
    server = start(models, traces_url=url)
    answer = server.client().post(
        "/v1/audio/speech",
        json={"input": "你好。", "voice": "mandarin"},
        headers={"traceparent": PARENT},
    )
    assert answer.is_success
    names = {"create_speech", "text", "semantic", "acoustic"}
    spans = spans_of(server, collector, names)
    assert spans.keys() == names
    call = spans.pop("create_speech")
    assert call.parent_span_id.hex() == PARENT.split("-")[2]
    for span in spans.values():
        assert span.trace_id.hex() == PARENT.split("-")[1]
        assert span.parent_span_id == call.span_id
    ids = [item.value.string_value for item in call.attributes]
    assert answer.headers["x-request-id"] in ids
    assert "你好" not in str(collector.spans)


def test_grpc_calls_are_traced_too(start, collector, models, free_port):
    url = f"http://127.0.0.1:{collector.server_port}/v1/traces"
    server = start(models, traces_url=url, grpc_port=free_port)
    metadata = (("authorization", f"Bearer {server.secret}"), ("traceparent", PARENT))
    said = pb.SynthesizeRequest(manner=pb.Manner(voice="mandarin"), input="你好。")
    with grpc.insecure_channel(f"127.0.0.1:{free_port}") as channel:
        events = SpeechStub(channel).SynthesizeStream(said, metadata=metadata, wait_for_ready=True)
        assert [*events]
        with pytest.raises(grpc.RpcError):
            SpeechStub(channel).GetVoice(pb.GetVoiceRequest(voice="me"), metadata=metadata)
    names = {"SynthesizeStream", "GetVoice", "text", "semantic", "acoustic"}
    spans = spans_of(server, collector, names)
    assert spans.keys() == names
    call = spans["SynthesizeStream"]
    assert call.parent_span_id.hex() == PARENT.split("-")[2]
    assert {span.trace_id.hex() for span in spans.values()} == {PARENT.split("-")[1]}
    assert spans["acoustic"].parent_span_id == call.span_id
    assert "你好" not in str(collector.spans)


def test_nobody_traces_unless_told_to(start):
    assert start().services.traces is None
