"""`mynah.v1.Speech` with gRPC's own client."""

import logging
import threading
import time

import grpc
import loopback
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from mynah.v1 import speech_pb2 as pb
from mynah.v1.speech_pb2_grpc import SpeechStub

TWO = "How are you today? I am very well."
SENTENCE_BYTES = 2 * 9_600  # 0.4 s at 24 kHz
PAUSE_BYTES = 2 * 7_200


class Rpc:
    """A server's gRPC port, and a key."""

    def __init__(self, server, port: int) -> None:
        self.server = server
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.speech = SpeechStub(self.channel)
        self.metadata = (("authorization", f"Bearer {server.secret}"),)

    def call(self, name: str, request, **options):
        return getattr(self.speech, name)(request, metadata=self.metadata, timeout=10, **options)


@pytest.fixture
def begin(start):
    """Starts a server with a gRPC port."""
    opened = []

    def begin(model=None, **settings) -> Rpc:
        port = loopback.free_port()
        opened.append(Rpc(start(model, grpc_port=port, **settings), port))
        grpc.channel_ready_future(opened[-1].channel).result(timeout=10)
        return opened[-1]

    yield begin
    for rpc in opened:
        rpc.channel.close()


def manner(**fields) -> pb.Manner:
    return pb.Manner(**{"voice": "ljspeech", "response_format": "pcm", **fields})


def request(text: str = TWO, **fields) -> pb.SynthesizeRequest:
    return pb.SynthesizeRequest(manner=manner(**fields), input=text)


def audio_of(events) -> bytes:
    return b"".join(event.audio for event in events)


def test_one_answer_or_many_are_the_same_speech_as_over_http(begin):
    rpc = begin()
    body = {"input": TWO, "voice": "ljspeech", "response_format": "pcm", "speed": 2, "seed": 7}
    http = rpc.server.client().post("/v1/audio/speech", json=body).content
    whole = rpc.call("Synthesize", request(speed=2, seed=7))
    assert whole.audio == http
    assert whole.media_type == "audio/pcm"
    events = [*rpc.call("SynthesizeStream", request(speed=2, seed=7))]
    assert audio_of(events) == http
    assert events[-1].done == whole.usage
    assert whole.usage.output_tokens == 10


def test_what_the_model_lacks_is_told_with_the_speech(begin):
    rpc = begin()
    rpc.server.model.warnings = ("no text features", "no content encoder")
    body = {"input": TWO, "voice": "ljspeech", "response_format": "pcm"}
    told = rpc.server.client().post("/v1/audio/speech", json=body).headers["x-model-warning"]
    assert told == "no text features; no content encoder"
    whole = rpc.speech.Synthesize.with_call(request(), metadata=rpc.metadata, timeout=10)[1]
    stream = rpc.call("SynthesizeStream", request())
    assert audio_of(stream)
    for ended in (whole, stream):
        metadata = dict(ended.trailing_metadata())
        assert (metadata["x-model-warning"], metadata["x-voice-version"]) == (told, "1")
    rpc.server.model.warnings = ()
    whole = rpc.speech.Synthesize.with_call(request(), metadata=rpc.metadata, timeout=10)[1]
    assert "x-model-warning" not in dict(whole.trailing_metadata())


def test_audio_comes_while_the_rest_is_being_made(begin):
    rpc = begin()
    events = rpc.call("SynthesizeStream", request("Here I am. A slow end."))
    assert next(events).audio
    assert not any("slow" in said for said in rpc.server.model.hummed)
    rpc.server.model.gate.set()
    assert [*events][-1].WhichOneof("event") == "done"


def test_text_is_spoken_while_it_is_being_written(begin):
    rpc = begin()
    heard = []

    def pieces():
        yield pb.TextPiece(manner=manner(), input="How are")
        yield pb.TextPiece(input=" you? And")
        wait_for(lambda: heard)  # audio came before the text was complete
        yield pb.TextPiece(flush=True)
        yield pb.TextPiece(input=" we went home")

    for event in rpc.call("Converse", pieces()):
        heard.append(event)
    assert len(audio_of(heard)) == pytest.approx(3 * SENTENCE_BYTES + 2 * PAUSE_BYTES, abs=64)
    assert [e.WhichOneof("event") for e in heard].count("flushed") == 1
    assert heard[-1].done.output_tokens == 30


def test_work_stops_when_the_client_cancels(begin):
    rpc = begin()
    engine = rpc.server.services.engine
    for call in ("SynthesizeStream", "Converse"):
        piece = pb.TextPiece(manner=manner(), input="A slow one. And")
        given = request("A slow one.") if call == "SynthesizeStream" else iter([piece])
        events = rpc.call(call, given)
        wait_for(lambda: engine.stats().requests == 1)
        events.cancel()
        wait_for(lambda: engine.stats().requests == 0)


@pytest.mark.parametrize(
    ("given", "status", "code", "param"),
    [
        (request(voice="nobody"), "NOT_FOUND", "voice_not_found", "voice"),
        (request(voice=""), "INVALID_ARGUMENT", "invalid_request", "voice"),
        (request(speed=9), "INVALID_ARGUMENT", "invalid_request", "speed"),
        (request(speed=float("nan")), "INVALID_ARGUMENT", "invalid_request", "speed"),
        (request(response_format="midi"), "INVALID_ARGUMENT", "invalid_request", "response_format"),
        (request(""), "INVALID_ARGUMENT", "invalid_request", "input"),
        (request("?!"), "INVALID_ARGUMENT", "invalid_text", "input"),
        (request("A broken one."), "INTERNAL", "internal_error", None),
    ],
)
def test_errors_mean_what_they_mean_over_http(begin, given, status, code, param):
    rpc = begin()
    with pytest.raises(grpc.RpcError) as raised:
        rpc.call("Synthesize", given)
    told = dict(raised.value.trailing_metadata())
    assert (raised.value.code().name, told["error-code"]) == (status, code)
    assert told.get("error-param") == param
    assert told["x-request-id"].startswith("req_")
    assert "secret" not in raised.value.details()


def test_a_full_queue_says_when_to_come_back(begin):
    rpc = begin(queue_size=1)
    slow = rpc.call("SynthesizeStream", request("Here I am. A slow end."))
    next(slow)
    with pytest.raises(grpc.RpcError) as raised:
        rpc.call("Synthesize", request())
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
    assert int(dict(raised.value.trailing_metadata())["retry-after"]) >= 1
    slow.cancel()


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [pb.TextPiece(input="Hello there.")],
        [pb.TextPiece(manner=manner()), pb.TextPiece(manner=manner(), input="Hello there.")],
        [pb.TextPiece(manner=manner(), input="x" * 60_000)],
    ],
)
def test_wrong_pieces_end_the_conversation(begin, pieces):
    with pytest.raises(grpc.RpcError) as raised:
        list(begin().call("Converse", iter(pieces)))
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_keys_and_scopes_are_those_of_http(begin):
    rpc = begin()
    for metadata, status in (
        ((), "UNAUTHENTICATED"),
        ((("authorization", "Bearer mynah_wrong"),), "UNAUTHENTICATED"),
        ((("authorization", f"Bearer {rpc.server.key('speak')}"),), "PERMISSION_DENIED"),
    ):
        with pytest.raises(grpc.RpcError) as raised:
            rpc.speech.DeleteVoice(pb.DeleteVoiceRequest(voice="x"), metadata=metadata)
        assert raised.value.code().name == status


def test_a_voice_is_made_used_changed_and_deleted(begin, recording):
    rpc = begin()
    made = rpc.call(
        "CreateVoice",
        pb.CreateVoiceRequest(
            name="teacher",
            recordings=[pb.Recording(audio=recording(), text="What I say.")],
            language="en",
            labels={"mood": "calm"},
        ),
    )
    assert (made.name, made.labels["mood"], made.built_in) == ("teacher", "calm", False)
    assert rpc.server.client().get("/v1/voices/teacher").json()["id"] == made.id
    assert rpc.call("Synthesize", request(voice=made.id)).audio
    change = pb.UpdateVoiceRequest(voice=made.id, name="master", labels=pb.Labels())
    changed = rpc.call("UpdateVoice", change)
    assert (changed.name, dict(changed.labels)) == ("master", {})
    joined = rpc.call("Synthesize", request(voice=made.id, version="1", references=["mandarin"]))
    assert joined.audio
    listed = rpc.call("ListVoices", pb.ListVoicesRequest(limit=2))
    assert len(listed.voices) == 2
    assert listed.has_more
    assert rpc.call("DeleteVoice", pb.DeleteVoiceRequest(voice="master")).id == made.id
    with pytest.raises(grpc.RpcError) as raised:
        rpc.call("GetVoice", pb.GetVoiceRequest(voice=made.id))
    assert raised.value.code() is grpc.StatusCode.NOT_FOUND


def fetched(name: str, url: str, **more) -> pb.CreateVoiceRequest:
    return pb.CreateVoiceRequest(name=name, recordings=[pb.Recording(url=url, **more)])


def test_a_recording_may_be_named_by_its_url(begin, web, recording):
    rpc = begin(fetch_hosts=["127.0.0.1"], fetch_schemes=["http"], fetch_networks=["127.0.0.1/32"])
    web.files["/a.wav"] = recording()
    rpc.call("CreateVoice", fetched("alone", web.url("/a.wav"), text="What I say."))
    both = fetched("both", web.url("/to/" + web.url("/a.wav")))
    both.recordings.append(pb.Recording(audio=recording(pitch=220), text="The same again."))
    rpc.call("CreateVoice", both)
    assert web.asked == ["/a.wav", "/to/" + web.url("/a.wav"), "/a.wav"]
    for voice in ("alone", "both"):
        assert rpc.call("Synthesize", request(voice=voice)).audio


def test_urls_are_fetched_by_the_rules_of_http(begin, web, recording):
    web.files["/a.wav"] = recording()
    anywhere = {"fetch_hosts": ["*"], "fetch_schemes": ["http"]}
    a_wav, private = web.url("/a.wav"), web.url("/to/http://10.0.0.1/a.wav")
    metadata = "http://169.254.169.254/latest/meta-data"
    for settings, urls in (
        ({}, [a_wav]),
        (anywhere | {"fetch_hosts": ["files.example"]}, [a_wav]),
        (anywhere, [a_wav, web.url("/a.wav", "localhost"), metadata, "file:///etc/passwd"]),
        (anywhere | {"fetch_networks": ["127.0.0.1/32"]}, [private]),
    ):
        rpc = begin(**settings)
        for url in urls:
            with pytest.raises(grpc.RpcError) as raised:
                rpc.call("CreateVoice", fetched("stolen", url))
            told = dict(raised.value.trailing_metadata())
            assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
            assert told["error-code"] == "invalid_recording_url"
            assert told["error-param"] == "recording_urls"
    assert web.asked == ["/to/http://10.0.0.1/a.wav"]


def test_health_and_reflection_answer_without_a_key(begin):
    rpc = begin()
    health = health_pb2_grpc.HealthStub(rpc.channel)
    for service in ("", "mynah.v1.Speech"):
        answer = health.Check(health_pb2.HealthCheckRequest(service=service))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    reflected = ProtoReflectionDescriptorDatabase(rpc.channel)
    assert "mynah.v1.Speech" in reflected.get_services()
    assert reflected.FindFileContainingSymbol("mynah.v1.Speech").name == "mynah/v1/speech.proto"


def test_health_follows_readiness(begin):
    rpc = begin()
    health = health_pb2_grpc.HealthStub(rpc.channel)
    rpc.server.services.engine.close()
    for service in ("", "mynah.v1.Speech"):
        asked = health_pb2.HealthCheckRequest(service=service)
        wait_for(
            lambda: health.Check(asked).status == health_pb2.HealthCheckResponse.NOT_SERVING  # noqa: B023
        )


def test_calls_are_counted(begin):
    rpc = begin()
    rpc.call("Synthesize", request())
    with pytest.raises(grpc.RpcError):
        rpc.call("Synthesize", request("?!"))
    metrics = rpc.server.client().get("/metrics").text
    assert 'mynah_requests_total{call="Synthesize",status="OK"} 1.0' in metrics
    assert 'mynah_errors_total{code="invalid_text"} 1.0' in metrics


def wait_for(condition) -> None:
    limit = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_calls_that_are_cancelled_are_no_defects(begin, caplog):
    caplog.set_level(logging.INFO)
    rpc = begin()
    request = pb.SynthesizeRequest(input="A slow one.", manner=pb.Manner(voice="ljspeech"))
    for method in (rpc.speech.Synthesize.future, rpc.speech.SynthesizeStream):
        call = method(request, metadata=rpc.metadata, timeout=20)
        time.sleep(0.3)
        call.cancel()
    gate = threading.Event()

    def pieces():
        yield pb.TextPiece(manner=pb.Manner(voice="ljspeech"), input="Hello there.", flush=True)
        gate.wait(20)

    call = rpc.speech.Converse(pieces(), metadata=rpc.metadata, timeout=20)
    next(call)
    call.cancel()
    gate.set()
    late = rpc.speech.Synthesize.future(request, metadata=rpc.metadata, timeout=0.3)
    assert late.exception(5).code() == grpc.StatusCode.DEADLINE_EXCEEDED
    until = time.monotonic() + 5
    while (ended := statuses(caplog)).count("CANCELLED") < 4:
        assert time.monotonic() < until, ended
        time.sleep(0.05)
    time.sleep(0.3)
    assert [each.getMessage() for each in caplog.records if each.levelno > logging.INFO] == []


def statuses(caplog) -> list[str]:
    return [each.status for each in caplog.records if each.getMessage() == "answered"]
