"""Names that stand for voices: those of OpenAI's, and those of the settings."""

import base64
import json

import grpc
import loopback
import pytest
from websockets.sync.client import connect

from mynah.v1 import speech_pb2 as pb
from mynah.v1.speech_pb2_grpc import SpeechStub

NAMES = ["alloy", "ash", "ballad", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer",
         "verse", "marin", "cedar"]  # fmt: skip


def spoken_by(server, voice, path: str = "/v1/audio/speech") -> str:
    answer = server.client().post(path, json={"input": "Hello there.", "voice": voice})
    assert answer.status_code == 200, answer.text
    return answer.headers["x-voice"]


@pytest.mark.parametrize("name", NAMES)
def test_openais_names_speak_on_a_fresh_server_which_names_the_voice(server, name):
    answer = server.openai().audio.speech.with_raw_response.create(
        model="gpt-4o-mini-tts", input="Hello there.", voice=name
    )
    assert answer.content
    assert answer.headers["x-voice"] == "ljspeech"
    assert spoken_by(server, {"id": name}) == "ljspeech"


def test_the_ids_that_elevenlabs_clients_have_as_defaults_speak_as_well(server):
    for voice_id in ("hpp4J3VqNfWAUOO0d1Us", "JBFqnCBsd6RMkjVDRZzb"):
        answer = server.client().post(
            f"/elevenlabs/v1/text-to-speech/{voice_id}",
            json={"text": "Hello there."},
            headers={"xi-api-key": server.secret},
        )
        assert (answer.status_code, answer.headers["x-voice"]) == (200, "ljspeech")


def test_settings_choose_the_voice_of_each_name(start):
    names = {"nova": "mandarin", "21m00Tcm4TlvDq8ikWAM": "ljspeech", "echo": "ljspeech"}
    server = start(voice_aliases=names, default_voice="mandarin")
    assert spoken_by(server, "nova") == spoken_by(server, "alloy") == "mandarin"
    assert spoken_by(server, "21m00Tcm4TlvDq8ikWAM") == spoken_by(server, "echo") == "ljspeech"
    assert spoken_by(server, "ljspeech") == "ljspeech"


def test_a_voice_of_the_name_goes_first_from_the_moment_it_exists(start, recording):
    server = start()
    assert spoken_by(server, "nova") == "ljspeech"
    made = server.client().post(
        "/v1/voices", data={"name": "nova"}, files={"recordings": recording()}
    )
    assert spoken_by(server, "nova") == made.json()["id"]
    server.client().delete("/v1/voices/nova")
    assert spoken_by(server, "nova") == "ljspeech"


def test_without_a_voice_for_them_the_names_are_unknown(start, error_of):
    server = start(default_voice="", voice_aliases={"old": "gone"})
    for name, told in (("alloy", "no voice alloy"), ("old", "gone speak for old")):
        answer = server.client().post("/v1/audio/speech", json={"input": "Hello.", "voice": name})
        assert answer.status_code == 404
        error = error_of(answer)
        assert (error["code"], error["param"]) == ("voice_not_found", "voice")
        assert told in error["message"]


def test_only_speech_takes_them(server, recording):
    client = server.client()
    assert client.get("/v1/voices/alloy").status_code == 404
    assert client.delete("/v1/voices/alloy").status_code == 404
    assert client.patch("/v1/voices/alloy", json={"labels": {}}).status_code == 404
    train = client.post("/v1/voices/alloy/train", files={"recordings": recording()})
    assert train.status_code == 404
    assert "alloy" not in client.get("/v1/audio/voices").text


def test_a_websocket_takes_them(server):
    url = f"{server.url}/v1/audio/speech/stream".replace("http", "ws", 1)
    headers = {"authorization": f"Bearer {server.secret}"}
    with connect(url, additional_headers=headers) as socket:
        socket.send(json.dumps({"voice": "alloy", "input": "Hello.", "response_format": "pcm"}))
        told = json.loads(socket.recv(timeout=5))
    assert base64.b64decode(told["audio"])


def test_grpc_takes_them_and_names_the_voice(start):
    port = loopback.free_port()
    server = start(grpc_port=port)
    metadata = (("authorization", f"Bearer {server.secret}"),)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        grpc.channel_ready_future(channel).result(timeout=10)
        request = pb.SynthesizeRequest(manner=pb.Manner(voice="alloy"), input="Hello there.")
        call = SpeechStub(channel).Synthesize
        spoken, told = call.with_call(request, metadata=metadata, timeout=10)
        assert spoken.audio
        assert dict(told.trailing_metadata())["x-voice"] == "ljspeech"


def test_pages_of_other_origins_may_read_the_voice(start):
    server = start(cors_origins=["https://app.example"])
    answer = server.client().post(
        "/v1/audio/speech",
        json={"input": "Hello.", "voice": "alloy"},
        headers={"origin": "https://app.example"},
    )
    assert "x-voice" in answer.headers["access-control-expose-headers"].split(", ")
