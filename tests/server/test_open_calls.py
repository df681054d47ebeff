"""Streams that are open when their key is revoked or expires end within seconds, and well."""

import json
from concurrent.futures import ThreadPoolExecutor

import grpc
import httpx
import loopback
import pytest
from training_jobs import IDLE, begin, make_voice, wait_until
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from mynah.server.access.keys import Keys
from mynah.storage.database import open_database
from mynah.v1 import speech_pb2 as pb
from mynah.v1.speech_pb2_grpc import SpeechStub

SECONDS = 30.0
"""Of silence after which a stream counts as one that has not ended."""
BODY = {"voice": "ljspeech", "input": "How are you? I am slow.", "response_format": "pcm"}
SLOW = BODY | {"input": "I am slow."}
SPEECH = "/v1/audio/speech"


class Lent:
    """A server whose model never ends a slow sentence, and a key that is revoked elsewhere."""

    def __init__(self, start) -> None:
        self.port = loopback.free_port()
        self.server = start(grpc_port=self.port, **IDLE)
        self.key, self.secret = self.server.services.stores.keys.create("a", ["speak", "train"])
        self.headers = {"authorization": f"Bearer {self.secret}"}
        self.client = self.server.client(self.secret)
        self.client.timeout = SECONDS

    def revoke(self) -> None:
        """Revoke the key as another process does."""
        records = open_database(self.server.services.settings.database)
        Keys(records).revoke(self.key.id)
        records.dispose()


def wait_for_a_request(server) -> None:
    wait_until(lambda: server.services.engine.stats().requests)


@pytest.fixture
def lent(start):
    return Lent(start)


def test_a_stream_of_audio_is_broken_off(lent):
    with lent.client.stream("POST", SPEECH, json=BODY) as answer:
        parts = answer.iter_raw()
        assert answer.status_code == 200
        assert next(parts)
        lent.revoke()
        with pytest.raises(httpx.RemoteProtocolError):
            list(parts)
    assert lent.server.services.engine.stats().requests == 0


def test_a_stream_of_events_ends_with_an_error(lent):
    with lent.client.stream("POST", SPEECH, json=BODY | {"stream_format": "sse"}) as answer:
        lines = answer.iter_lines()
        assert "delta" in next(lines)
        lent.revoke()
        events = [json.loads(line.removeprefix("data: ")) for line in lines if line]
    assert events[-1]["type"] == "error"
    assert events[-1]["error"]["code"] == "invalid_api_key"
    assert "revoked" in events[-1]["error"]["message"]


def test_a_call_that_waits_for_its_first_audio_is_refused(lent, error_of):
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(lent.client.post, SPEECH, json=SLOW)
        wait_for_a_request(lent.server)
        lent.revoke()
        answer = waiting.result()
    assert answer.status_code == 401
    assert "revoked" in error_of(answer)["message"]


@pytest.mark.parametrize("path", ["stream-input", "multi-stream-input"])
def test_elevenlabs_sockets_are_closed_with_the_reason(lent, path):
    url = f"{lent.server.url}/elevenlabs/v1/text-to-speech/ljspeech/{path}"
    headers = {"xi-api-key": lent.secret}
    with connect(url.replace("http", "ws", 1), additional_headers=headers) as socket:
        socket.send(json.dumps({"text": "I am slow. ", "flush": True}))
        wait_for_a_request(lent.server)
        lent.revoke()
        with pytest.raises(ConnectionClosedError) as closed:
            while True:
                socket.recv(timeout=SECONDS)
    assert closed.value.rcvd.code == 1008
    assert "revoked" in closed.value.rcvd.reason


def test_the_events_of_a_job_end_with_an_error(lent, recording):
    voice = make_voice(lent.client, recording)
    job = begin(lent.client, voice, recording)
    with lent.client.stream("GET", f"/v1/jobs/{job}/events") as answer:
        lines = answer.iter_lines()
        assert next(lines)
        lent.revoke()
        *_, event, data = [line for line in lines if line]
    assert event == "event: error"
    assert json.loads(data.removeprefix("data: "))["code"] == "invalid_api_key"


def test_a_socket_is_closed_with_a_reason(lent):
    url = lent.server.url.replace("http", "ws", 1) + "/v1/audio/speech/stream"
    with connect(url, additional_headers=lent.headers) as socket:
        for name in ("a", "b"):
            socket.send(json.dumps(SLOW | {"context_id": name}))
        lent.revoke()
        with pytest.raises(ConnectionClosedError) as closed:
            socket.recv(timeout=SECONDS)
    assert closed.value.rcvd.code == 1008
    assert closed.value.rcvd.reason == "The API key was revoked"


@pytest.mark.parametrize("text", [BODY["input"], SLOW["input"]], ids=["begun", "waiting"])
@pytest.mark.parametrize("method", ["Synthesize", "SynthesizeStream", "Converse"])
def test_a_grpc_call_ends_as_unauthenticated(lent, method, text):
    manner = pb.Manner(voice="ljspeech", response_format="pcm")
    metadata = (("authorization", f"Bearer {lent.secret}"),)
    with grpc.insecure_channel(f"127.0.0.1:{lent.port}") as channel:
        call = getattr(SpeechStub(channel), method)
        if method == "Converse":
            sent = iter([pb.TextPiece(manner=manner, input=text)])
        else:
            sent = pb.SynthesizeRequest(manner=manner, input=text)
        begin_call = call.future if method == "Synthesize" else call
        answer = begin_call(sent, metadata=metadata, timeout=2 * SECONDS)
        wait_for_a_request(lent.server)
        lent.revoke()
        with pytest.raises(grpc.RpcError) as raised:
            answer.result() if method == "Synthesize" else list(answer)
    assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert "revoked" in raised.value.details()


def test_a_stream_ends_when_its_key_expires(lent):
    secret = lent.server.key("speak", days=2 / 86_400)
    client = lent.server.client(secret)
    client.timeout = 2 + SECONDS
    with client.stream("POST", SPEECH, json=BODY | {"stream_format": "sse"}) as answer:
        *_, last = [line for line in answer.iter_lines() if line]
    assert "The API key has expired" in last


def test_the_streams_of_other_keys_go_on(lent):
    other = lent.server.client()
    with (
        other.stream("POST", SPEECH, json=BODY) as going_on,
        lent.client.stream("POST", SPEECH, json=BODY) as ending,
    ):
        lent.revoke()
        with pytest.raises(httpx.RemoteProtocolError):
            ending.read()
        lent.server.model.gate.set()
        assert going_on.read()
