"""Strings, numbers and bytes that nobody meant: each door refuses them alike, with any database."""

import json
import logging
import socket

import grpc
import loopback
import pytest
from foreign import TEXTS, Description
from training_jobs import IDLE, begin, make_voice
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from mynah.runtime.logging import JsonFormatter
from mynah.v1 import speech_pb2 as pb
from mynah.v1.speech_pb2_grpc import SpeechStub

APIS = ("", "/elevenlabs", "/gpt-sovits")
SPEECH = {"voice": "ljspeech", "input": "Hello.", "response_format": "pcm"}
ENDLESS = "/v1/jobs/{job}/events"
SETTINGS = IDLE | {
    "jobs_per_key": 10_000,
    "cache_bytes": 0,
    "fetch_hosts": ["*"],
    "fetch_schemes": ["http"],
    "fetch_seconds": 1,
}


@pytest.fixture(scope="module")
def server(serve_in, tmp_path_factory):
    port = loopback.free_port()
    return serve_in(tmp_path_factory.mktemp("sqlite"), **SETTINGS, grpc_port=port)


@pytest.fixture(scope="module")
def answers(server, recording):
    """The expected response to each call with SQLite."""
    return answers_of(server, recording)


def answers_of(server, recording) -> dict[str, tuple[int, str]]:
    """Status and code of the answer to each call; every answer can be read."""
    client = server.client()
    client.headers["xi-api-key"] = server.secret
    known = _known(server, client, recording)
    found = {}
    for base in APIS:
        api = client.get(f"{base}/openapi.json").json()
        for call in Description(api, base, known, recording()).calls():
            if ENDLESS in call.what and "path" not in call.what:
                continue
            answer = client.request(
                call.method, call.url, headers=[*call.headers.items()], content=call.content
            )
            is_json = answer.headers.get("content-type", "").startswith("application/json")
            told = json.loads(answer.content.decode()) if is_json else None
            assert is_json or answer.status_code < 400, (call.what, answer.text)
            ignored = answer.headers.get("x-ignored-fields", "")
            found[call.what] = (answer.status_code, _code(told) or ignored)
    return found


def _code(told) -> str:
    if isinstance(told, dict) and "error" in told:
        return told["error"]["code"] if isinstance(told["error"], dict) else ""
    return told.get("Exception", "") if isinstance(told, dict) else ""


def _known(server, client, recording) -> dict[str, object]:
    """Values of fields that calls succeed with."""
    folder = server.services.settings.references
    folder.mkdir()
    (folder / "teacher.wav").write_bytes(recording())
    voice = make_voice(client, recording)
    assert client.post("/v1/webhooks/secret").status_code == 201
    return SPEECH | {
        "voice_id": "ljspeech", "text": "Hello.", "name": "ann", "language": "en",
        "labels": "{}", "weights": {"1": 1}, "job": begin(client, voice, recording), "version": 1,
        "model": "mynah",
        "file": "gpt.ckpt", "audio_id": "x", "delivery": "x", "expires": 1, "signature": "x",
        "text_lang": "en", "prompt_lang": "en", "ref_audio_path": "teacher.wav",
        "media_type": "raw", "command": "exit", "weights_path": "x", "output_format": "pcm_16000",
        "refer_audio_path": "teacher.wav", "own_recordings": True, "character": "ljspeech",
        "text_language": "en", "refer_wav_path": "teacher.wav", "prompt_text": "Hello.",
        "prompt_language": "en", "gpt_model_path": "x", "sovits_model_path": "x",
        "owner": "b", "access": "speak",
    }  # fmt: skip


def test_nothing_foreign_makes_a_server_fail(answers):
    failed = {what: told for what, told in answers.items() if told[0] >= 500 and told[0] != 501}
    assert failed == {}
    assert len(answers) > 1000


def test_what_is_not_spoken_is_refused(answers):
    """Only a text to be spoken, and a field that is ignored, may have a zero in it."""
    taken = {
        what.split(" ", 2)[2].partition(":")[0]
        for what, (status, ignored) in answers.items()
        if "zero" in what and "query name" not in what and status < 400 and not ignored
    }
    assert taken == {
        "body.input",
        "body.text",
        "body.prompt_text",
        "body unknown",
        "query text",
        "query prompt_text",
    }


def test_postgresql_answers_as_sqlite(serve_in, tmp_path_factory, recording, answers):
    with loopback.postgres() as url:
        folder = tmp_path_factory.mktemp("postgresql")
        other = serve_in(folder, **SETTINGS, database_url=url)
        found = answers_of(other, recording)
    assert {what: told for what, told in found.items() if told != answers[what]} == {}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"input": "\xff"}', "not UTF-8"),
        (b"[" * 100_000, "more than 1000 values"),
        (b"[" * 1000, "nested too deeply"),
        (b'{"seed": ' + b"1" * 5000 + b"}", "too many digits"),
    ],
)
def test_a_body_that_cannot_be_read_is_told_why(server, error_of, body, reason):
    headers = {"content-type": "application/json"}
    answer = server.client().post("/v1/audio/speech", content=body, headers=headers)
    assert answer.status_code == 400
    assert reason in error_of(answer)["message"]


@pytest.mark.parametrize("host", ["[", "[::1", "a b", "\xff"])
@pytest.mark.parametrize("path", ["/v1/audio/speech", "/v1/voices/"])
def test_a_host_that_is_none(server, host, path):
    body = json.dumps(SPEECH | {"store": True})
    head = [
        f"POST {path} HTTP/1.1",
        f"host: {host}",
        f"authorization: Bearer {server.secret}",
        "content-type: application/json",
        f"content-length: {len(body)}",
        "connection: close",
    ]
    assert b" 500 " not in _raw(server, "\r\n".join([*head, "", body]).encode("latin-1"))


@pytest.mark.parametrize(
    "path", ["/static-offline-docs/%00", "/static-offline-docs/..%2f..%00", "/v1/%ff%00", "/%00"]
)
@pytest.mark.parametrize("bytes_asked", ["bytes=0-1", "bytes=9-1", "bytes=" + "9" * 5000, "\0"])
def test_a_path_that_is_none(server, path, bytes_asked):
    head = f"GET {path} HTTP/1.1\r\nhost: a\r\nrange: {bytes_asked}\r\nconnection: close\r\n\r\n"
    assert b" 500 " not in _raw(server, head.encode())


def _raw(server, sent: bytes) -> bytes:
    """The first line of an answer to whatever is sent."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(sent)
        return connection.makefile("rb").readline()


MESSAGES = [
    *(b'{"context_id": %b}' % value for value in TEXTS.values()),
    *(b'{"voice": %b, "input": "Hello."}' % value for value in TEXTS.values()),
    *(b'{"voice": "a", "references": [%b]}' % value for value in TEXTS.values()),
    *(b'{"voice": "ljspeech", "version": %b, "input": "a"}' % value for value in TEXTS.values()),
    b'{"context_id": ' + b"1" * 4000 + b"}",
    b'{"context_id": ' + b"1" * 5000 + b"}",
    b'{"context_id": [[[1]]]}',
    b'{"context_id": NaN, "voice": NaN}',
    b'{"voice": "ljspeech", "seed": 1e400}',
    b"[" * 100_000,
    b'"',
    b"\0",
]


@pytest.mark.parametrize("text", [True, False])
@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: repr(message[:40]))
def test_a_message_of_a_socket_that_is_none(server, message, text):
    url = f"{server.url}/v1/audio/speech/stream".replace("http", "ws", 1)
    headers = {"authorization": f"Bearer {server.secret}"}
    with connect(url, additional_headers=headers) as opened:
        opened.send(message, text=text)
        try:
            told = json.loads(opened.recv(timeout=5))
        except ConnectionClosed as closed:
            assert closed.rcvd.code == 1007  # RFC 6455: not UTF-8
        else:
            assert told["type"] == "error"
            assert told["error"]["code"] != "internal_error"


@pytest.fixture(scope="module")
def speech(server):
    port = server.services.settings.grpc_port
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        grpc.channel_ready_future(channel).result(timeout=10)
        yield channel


def _filled(kind, name: str):
    """A message with a zero in one of its strings."""
    given = kind()
    if kind.DESCRIPTOR.fields_by_name[name].is_repeated:
        getattr(given, name).append("a\0b")
    else:
        setattr(given, name, "a\0b")
    return given


def _strings(kind) -> list[str]:
    fields = kind.DESCRIPTOR.fields
    return [each.name for each in fields if each.type == each.TYPE_STRING]


REQUESTS = [
    *(
        ("Synthesize", pb.SynthesizeRequest(manner=_filled(pb.Manner, name), input="a"))
        for name in _strings(pb.Manner)
    ),
    *(
        (call, _filled(kind, name))
        for call, kind in (
            ("GetVoice", pb.GetVoiceRequest),
            ("ListVoices", pb.ListVoicesRequest),
            ("UpdateVoice", pb.UpdateVoiceRequest),
            ("DeleteVoice", pb.DeleteVoiceRequest),
            ("CreateVoice", pb.CreateVoiceRequest),
        )
        for name in _strings(kind)
    ),
    ("CreateVoice", pb.CreateVoiceRequest(name="a", labels={"a\0": "b"})),
    ("CreateVoice", pb.CreateVoiceRequest(name="a", recordings=[_filled(pb.Recording, "text")])),
    ("CreateVoice", pb.CreateVoiceRequest(name="a", recordings=[_filled(pb.Recording, "url")])),
]


@pytest.mark.parametrize(("call", "request_"), REQUESTS, ids=str)
def test_a_string_of_grpc_with_a_zero(server, speech, call, request_):
    metadata = (("authorization", f"Bearer {server.secret}"),)
    with pytest.raises(grpc.RpcError) as raised:
        getattr(SpeechStub(speech), call)(request_, metadata=metadata, timeout=10)
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("sent", [b"\x0a\x01\xff", b"\x0a\x03\xed\xa0\x80", b"\xff\xff", b"\x0a"])
def test_a_message_of_grpc_that_is_none(server, speech, sent):
    metadata = (("authorization", f"Bearer {server.secret}"),)
    call = speech.unary_unary("/mynah.v1.Speech/GetVoice")
    with pytest.raises(grpc.RpcError) as raised:
        call(sent, metadata=metadata, timeout=10)
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_a_line_of_the_log_can_be_written():
    record = logging.makeLogRecord({"msg": "screened", "entries": ["\udcff.txt:1"]})
    line = JsonFormatter().format(record).encode()
    assert json.loads(line)["entries"] == ["?.txt:1"]


def test_a_reference_whose_name_is_not_utf_8_is_not_listed(server):
    folder = server.services.settings.references / "参考音频"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "\udcff.wav").touch()
    (folder / "ann.wav").touch()
    listed = server.client().get("/gpt-sovits/speakers").json()
    assert [each["name"] for each in listed] == ["ann"]
