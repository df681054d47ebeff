"""Messages of gRPC: read after the key, within the limit of their method, in passing."""

import contextlib
import gc
import threading
import time
from collections import Counter
from types import FrameType

import grpc
import loopback
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from loop_work import longest_callback

from mynah.v1 import speech_pb2 as pb

MEBIBYTE = 1 << 20
METHODS = [method.name for method in pb.DESCRIPTOR.services_by_name["Speech"].methods]
STREAMING = {"SynthesizeStream", "Converse"}


@pytest.fixture(scope="module")
def rpc(serve_in, tmp_path_factory):
    """A server with a gRPC port, and its address."""
    port = loopback.free_port()
    server = serve_in(tmp_path_factory.mktemp("rpc"), grpc_port=port)
    server.model.gate.set()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as opened:
        grpc.channel_ready_future(opened).result(timeout=30)
    return server, f"127.0.0.1:{port}"


@contextlib.contextmanager
def channel(address: str):
    options = [("grpc.max_send_message_length", -1), ("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(address, options) as opened:
        yield opened


def call(opened: grpc.Channel, method: str, message: bytes, key: str = "") -> grpc.RpcError | bytes:
    """The answer to one message, or the error."""
    metadata = (("authorization", f"Bearer {key}"),) if key else ()
    service, _, name = method.rpartition("/")
    kind = opened.unary_stream if name in STREAMING else opened.unary_unary
    try:
        answer = kind(f"/{service or 'mynah.v1.Speech'}/{name}")(
            message, metadata=metadata, timeout=30
        )
        return b"".join(answer) if name in STREAMING else answer
    except grpc.RpcError as error:
        return error


@pytest.mark.parametrize("method", METHODS)
def test_no_method_waits_for_the_message_of_a_stranger(rpc, method):
    _, address = rpc
    never = threading.Event()

    def messages():
        never.wait(20)
        yield b""

    with channel(address) as opened:
        kind = opened.stream_stream(f"/mynah.v1.Speech/{method}")
        began = time.monotonic()
        with pytest.raises(grpc.RpcError) as raised:
            list(kind(messages(), timeout=15))
        assert time.monotonic() - began < 15
        never.set()
    assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert dict(raised.value.trailing_metadata())["error-code"] == "invalid_api_key"


@pytest.mark.parametrize("method", ["Synthesize", "CreateVoice", "grpc.health.v1.Health/Check"])
def test_a_large_message_of_a_stranger_is_not_sent_to_its_end(rpc, method):
    """Of what a client has to send, flow control lets as much go as the server holds."""
    _, address = rpc
    gone, refused = [0], []

    def messages():
        for _ in range(100):
            gone[0] += 1
            yield b"\0" * 12 * MEBIBYTE

    service, _, name = method.rpartition("/")
    path = f"/{service or 'mynah.v1.Speech'}/{name}"
    with channel(address) as opened:
        try:
            list(opened.stream_stream(path)(messages(), timeout=120))
        except grpc.RpcError as error:
            refused.append(error.code())
    told = grpc.StatusCode.RESOURCE_EXHAUSTED if service else grpc.StatusCode.UNAUTHENTICATED
    assert refused == [told]
    assert gone[0] <= 3


def test_a_method_has_a_limit_of_its_own(rpc):
    server, address = rpc
    large = pb.SynthesizeRequest(input="a" * 2 * MEBIBYTE).SerializeToString()
    upload = pb.CreateVoiceRequest(
        name="x", recordings=[pb.Recording(audio=b"\0" * 2 * MEBIBYTE)]
    ).SerializeToString()
    with channel(address) as opened:
        refused = call(opened, "Synthesize", large, server.secret)
        read = call(opened, "CreateVoice", upload, server.secret)
    assert refused.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert dict(read.trailing_metadata())["error-code"] == "invalid_recording"


MANY = {
    "references": (
        "Synthesize",
        pb.SynthesizeRequest(manner=pb.Manner(references=["a"] * 200_000)),
    ),
    "recordings": ("CreateVoice", pb.CreateVoiceRequest(recordings=[pb.Recording()] * 1_000_000)),
    "labels": (
        "CreateVoice",
        pb.CreateVoiceRequest(labels=dict.fromkeys(map(str, range(99_999)), "")),
    ),
    "new labels": (
        "UpdateVoice",
        pb.UpdateVoiceRequest(labels=pb.Labels(labels=dict.fromkeys(map(str, range(60_000)), ""))),
    ),
}


@pytest.mark.parametrize("name", MANY)
def test_a_message_of_many_fields_is_refused_in_passing(rpc, name):
    server, address = rpc
    method, message = MANY[name]
    data = message.SerializeToString()
    with channel(address) as opened, longest_callback() as work:
        error = call(opened, method, data, server.secret)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert 0 < work.seconds < 0.05, work.callback


@pytest.mark.parametrize("data", [b"\xff" * 20, b"\x0a\xff\xff\xff\xff\x0f", b"\x0b" * 20, b"\x0f"])
def test_what_is_no_message_is_told_so(rpc, data):
    server, address = rpc
    with channel(address) as opened:
        error = call(opened, "Synthesize", data, server.secret)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_health_is_answered_while_others_do_not_end_their_message(rpc):
    _, address = rpc
    over = threading.Event()

    def nothing():
        over.wait(20)
        yield b""

    with contextlib.ExitStack() as stack:
        for _ in range(8):
            opened = stack.enter_context(channel(address))
            opened.stream_stream("/grpc.health.v1.Health/Check")(nothing())
        health = health_pb2_grpc.HealthStub(stack.enter_context(channel(address)))
        answer = health.Check(health_pb2.HealthCheckRequest(), timeout=10)
        over.set()
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_an_unknown_method_and_an_unknown_service_are_told_apart(rpc):
    server, address = rpc
    with channel(address) as opened:
        missing = call(opened, "mynah.v1.Speech/Sing", b"", server.secret)
        health = health_pb2_grpc.HealthStub(opened)
        with pytest.raises(grpc.RpcError) as raised:
            health.Check(health_pb2.HealthCheckRequest(service="nobody"))
        watched = next(iter(health.Watch(health_pb2.HealthCheckRequest())))
    assert missing.code() is grpc.StatusCode.UNIMPLEMENTED
    assert raised.value.code() is grpc.StatusCode.NOT_FOUND
    assert watched.status == health_pb2.HealthCheckResponse.SERVING


def test_a_refused_message_is_freed_without_the_collector(rpc):
    server, address = rpc
    noise = pb.CreateVoiceRequest(name="x", recordings=[pb.Recording(audio=bytes(MEBIBYTE))])
    message, key = noise.SerializeToString(), server.key("train")
    with channel(address) as opened:
        call(opened, "CreateVoice", message, key)
        gc.collect()
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            for _ in range(8):
                error = call(opened, "CreateVoice", message, key)
                assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
            call(opened, "CreateVoice", b"")
            gc.collect()
            frames = [each for each in gc.garbage if isinstance(each, FrameType)]
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
    # The first call may end late, with the cycles that only a first one makes.
    ours = Counter(each.f_code for each in frames if "mynah" in each.f_code.co_filename)
    assert max(ours.values(), default=0) < 4
