"""A fault inside: each door answers in its own form, with the id under which the log has it."""

import io
import json
import logging
import time

import grpc
import loopback
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from mynah.errors import CheckpointError
from mynah.runtime.logging import JsonFormatter
from mynah.v1 import speech_pb2 as pb
from mynah.v1.speech_pb2_grpc import SpeechStub

BROKEN = "A broken one."
SPEECH = {"voice": "ljspeech", "input": BROKEN, "response_format": "pcm"}


@pytest.fixture
def log(caplog):
    """Lines of the log so far, as the server writes them."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    caplog.set_level(logging.INFO)
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)


def defects(log, request_id: str) -> list[dict]:
    return [
        line for line in log() if line["event"] == "defect" and line["request_id"] == request_id
    ]


@pytest.fixture
def broken(start):
    """A server with gRPC whose database has lost its keys."""
    running = start(grpc_port=loopback.free_port())
    with running.services.stores.records.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE keys RENAME TO lost")
    return running


@pytest.mark.parametrize(
    ("path", "body", "form"),
    [
        ("/v1/audio/speech", SPEECH, {"error"}),
        (
            "/elevenlabs/v1/text-to-speech/ljspeech",
            {"text": BROKEN},
            {"detail"},
        ),
        (
            "/gpt-sovits/tts",
            {
                "text": BROKEN,
                "text_lang": "en",
                "ref_audio_path": "teacher.wav",
                "prompt_lang": "en",
            },
            {"message", "Exception"},
        ),
    ],
)
def test_a_fault_of_the_engine(start, recording, log, path, body, form):
    server = start()
    folder = server.services.settings.references
    folder.mkdir()
    (folder / "teacher.wav").write_bytes(recording())
    client = server.client()
    client.headers["xi-api-key"] = server.secret
    answer = client.post(path, json=body)
    assert (answer.status_code, set(answer.json())) == (500, form)
    assert "secret" not in answer.text
    assert len(defects(log, answer.headers["x-request-id"])) == 1


@pytest.mark.parametrize("headers", [{}, {"idempotency-key": "one"}])
@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/v1/audio/speech", {"error"}),
        ("/elevenlabs/v1/text-to-speech/ljspeech", {"detail"}),
        ("/gpt-sovits/tts", {"message", "Exception"}),
    ],
)
def test_a_fault_of_the_database(broken, log, path, form, headers):
    client = broken.client()
    client.headers["xi-api-key"] = broken.secret
    answer = client.post(path, json=SPEECH, headers=headers)
    assert (answer.status_code, set(answer.json())) == (500, form)
    assert len(defects(log, answer.headers["x-request-id"])) == 1


def test_a_fault_before_a_socket_is_open(broken, log):
    url = f"{broken.url}/v1/audio/speech/stream".replace("http", "ws", 1)
    with pytest.raises(InvalidStatus) as raised:
        connect(url, additional_headers={"authorization": f"Bearer {broken.secret}"})
    response = raised.value.response
    error = json.loads(response.body)["error"]
    assert (response.status_code, error["code"]) == (500, "internal_error")
    assert error["request_id"] == response.headers["x-request-id"]
    assert len(defects(log, error["request_id"])) == 1


def test_a_fault_in_a_context_of_a_socket(start, log):
    server = start()
    url = f"{server.url}/v1/audio/speech/stream".replace("http", "ws", 1)
    headers = {"authorization": f"Bearer {server.secret}"}
    with connect(url, additional_headers=headers) as socket:
        socket.send(json.dumps(SPEECH))
        error = json.loads(socket.recv(timeout=5))["error"]
    assert error["code"] == "internal_error"
    assert len(defects(log, error["request_id"])) == 1


def test_a_fault_after_the_first_event(start, log):
    server = start()
    body = SPEECH | {"input": f"Hello there, my friend. {BROKEN}", "stream_format": "sse"}
    answer = server.client().post("/v1/audio/speech", json=body)
    *_, last = [json.loads(line[6:]) for line in answer.text.splitlines() if line]
    assert (answer.status_code, last["type"]) == (200, "error")
    assert last["error"]["code"] == "internal_error"
    assert last["error"]["request_id"] == answer.headers["x-request-id"]
    assert len(defects(log, last["error"]["request_id"])) == 1


def test_weights_that_are_gone(start, log, monkeypatch):
    server = start()

    def gone(*_):
        raise CheckpointError("The files of version 2 in \udcff are gone; train it again.")

    monkeypatch.setattr(server.services.stores.voices, "get", gone)
    answer = server.client().get("/v1/voices/ann")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (500, "invalid_checkpoint")
    assert "in ? are gone" in error["message"]
    assert len(defects(log, answer.headers["x-request-id"])) == 1


def test_a_fault_of_a_call_by_grpc(broken, log):
    with grpc.insecure_channel(f"127.0.0.1:{broken.services.settings.grpc_port}") as channel:
        grpc.channel_ready_future(channel).result(timeout=10)
        metadata = (("authorization", f"Bearer {broken.secret}"),)
        with pytest.raises(grpc.RpcError) as raised:
            SpeechStub(channel).GetVoice(
                pb.GetVoiceRequest(voice="a"), metadata=metadata, timeout=10
            )
    told = dict(raised.value.trailing_metadata())
    assert raised.value.code() is grpc.StatusCode.INTERNAL
    assert len(defects(log, told["x-request-id"])) == 1


def test_a_call_by_grpc_that_is_cancelled_is_no_fault(start, log):
    server = start(grpc_port=loopback.free_port())
    manner = pb.Manner(voice="ljspeech", response_format="pcm")
    with grpc.insecure_channel(f"127.0.0.1:{server.services.settings.grpc_port}") as channel:
        grpc.channel_ready_future(channel).result(timeout=10)
        speech = SpeechStub(channel)
        metadata = (("authorization", f"Bearer {server.secret}"),)
        whole = pb.SynthesizeRequest(manner=manner, input="A slow one.")
        piece = pb.TextPiece(manner=manner, input="A slow one. And")
        for begin, given in ((speech.SynthesizeStream, whole), (speech.Converse, iter([piece]))):
            call = begin(given, metadata=metadata)
            _wait_for(lambda: server.services.engine.stats().requests == 1)
            call.cancel()
            _wait_for(lambda: server.services.engine.stats().requests == 0)
        _wait_for(lambda: len(_ends(log)) == 2)
    assert {line["status"] for line in _ends(log)} == {"CANCELLED"}
    assert [line for line in log() if line["level"] == "error"] == []


def _ends(log) -> list[dict]:
    return [line for line in log() if line.get("method") == "GRPC"]


def _wait_for(true) -> None:
    limit = time.monotonic() + 10
    while not true():
        assert time.monotonic() < limit
        time.sleep(0.01)
