"""ElevenLabs' own client, pointed at the server."""

import io
import json
import socket

import av
import httpx
import pytest
from elevenlabs import VoiceSettings
from elevenlabs.client import ElevenLabs
from elevenlabs.core.api_error import ApiError
from elevenlabs.errors import UnprocessableEntityError

from mynah.server.access.keys import OPERATOR
from mynah.server.compat.elevenlabs.speech import FORMATS
from mynah.server.voices.store import NewRecording
from mynah.server.voices.uploads import CheckedRecording

TWO = "How are you today? I am very well."
TWO_SECONDS = 0.8
SPEAK = "/elevenlabs/v1/text-to-speech/ljspeech"

_RAW = {"pcm": "s16le", "ulaw": "mulaw", "alaw": "alaw"}


def elevenlabs(server, secret: str | None = None, path: str = "/elevenlabs") -> ElevenLabs:
    return ElevenLabs(base_url=server.url + path, api_key=secret or server.secret)


@pytest.fixture
def eleven(server) -> ElevenLabs:
    return elevenlabs(server)


@pytest.fixture
def http(server) -> httpx.Client:
    """Bare calls with a key in ElevenLabs' header."""
    client = server.client("")
    client.headers["xi-api-key"] = server.secret
    return client


def seconds_of(audio: bytes, form: str) -> float:
    kind, rate, *_ = form.split("_")
    if kind in _RAW:
        return len(audio) / (2 if kind == "pcm" else 1) / int(rate)
    with av.open(io.BytesIO(audio)) as container:
        frames = list(container.decode(audio=0))
    assert frames[0].sample_rate == int(rate)
    return sum(frame.samples for frame in frames) / frames[0].sample_rate


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_every_output_format_holds_the_whole_speech(eleven, form):
    audio = b"".join(
        eleven.text_to_speech.convert(
            "ljspeech", text=TWO, model_id="eleven_multilingual_v2", output_format=form
        )
    )
    # MP3 comes in frames, of which the first and the last are padded.
    slack = 0.15 if form.startswith("mp3") else 0.002
    assert seconds_of(audio, form) == pytest.approx(TWO_SECONDS, abs=slack)


def test_mp3_is_the_default_and_settings_reach_the_model(eleven, http):
    settings = VoiceSettings(speed=1.25, stability=0.5, similarity_boost=0.7, style=0.0)
    audio = b"".join(
        eleven.text_to_speech.convert(
            "ljspeech",
            text=TWO,
            voice_settings=settings,
            language_code="en",
            seed=7,
            output_format="pcm_32000",
        )
    )
    assert seconds_of(audio, "pcm_32000") == pytest.approx(TWO_SECONDS / 1.25, abs=0.002)
    plain = http.post(SPEAK, json={"text": TWO})
    assert plain.headers["content-type"] == "audio/mpeg"


def test_a_stream_begins_before_all_is_said(start):
    server = start()
    stream = elevenlabs(server).text_to_speech.stream(
        "ljspeech", text="Here I am. A slow end.", output_format="pcm_16000"
    )
    first = next(stream)
    assert not any("slow" in said for said in server.model.hummed)
    server.model.gate.set()
    whole = first + b"".join(stream)
    assert seconds_of(whole, "pcm_16000") == pytest.approx(TWO_SECONDS, abs=0.002)


def test_a_voice_is_made_listed_spoken_with_and_deleted(eleven, recording):
    made = eleven.voices.ivc.create(
        name="teacher",
        files=[("a.wav", recording(), "audio/wav"), ("b.wav", recording(pitch=200), "audio/wav")],
        description="calm",
        labels={"accent": "british"},
    )
    assert made.requires_verification is False
    listed = {voice.voice_id: voice for voice in eleven.voices.get_all().voices}
    voice = listed[made.voice_id]
    assert (voice.name, voice.category, voice.description) == ("teacher", "cloned", "calm")
    assert voice.labels == {"accent": "british"}
    assert listed["ljspeech"].category == "premade"
    assert eleven.voices.get(made.voice_id).name == "teacher"
    assert b"".join(eleven.text_to_speech.convert(made.voice_id, text="Hello there."))
    eleven.voices.delete(made.voice_id)
    with pytest.raises(ApiError) as raised:
        eleven.voices.get(made.voice_id)
    assert raised.value.status_code == 404


def test_all_voices_are_listed_whatever_their_number(start):
    server = start()
    for number in range(120):
        clips = [NewRecording(CheckedRecording(b"", 4.0), None)]
        server.services.stores.voices.create(OPERATOR, f"voice {number}", clips, "en", {}, None)
    assert len(elevenlabs(server).voices.get_all().voices) > 120


def test_the_model_is_listed_with_its_languages(eleven):
    (model,) = eleven.models.list()
    assert model.can_do_text_to_speech
    assert "zh" in {language.language_id for language in model.languages}


def test_errors_are_of_the_familys_shape(eleven, server):
    with pytest.raises(ApiError) as raised:
        list(eleven.text_to_speech.convert("nobody", text=TWO))
    assert raised.value.status_code == 404
    detail = raised.value.body["detail"]
    assert detail["status"] == detail["code"] == "voice_not_found"
    assert detail["request_id"] == raised.value.headers["x-request-id"]
    with pytest.raises(ApiError) as raised:
        list(elevenlabs(server, "mynah_wrong").text_to_speech.convert("ljspeech", text=TWO))
    assert raised.value.status_code == 401
    assert raised.value.body["detail"]["status"] == "invalid_api_key"
    with pytest.raises(UnprocessableEntityError) as raised:
        list(eleven.text_to_speech.convert("ljspeech", text=""))
    (wrong,) = raised.value.body["detail"]
    assert wrong.keys() == {"loc", "msg", "type"}
    assert wrong["loc"] == ["body", "text"]


@pytest.mark.parametrize(
    ("change", "status", "told"),
    [
        ({"text": None}, 422, "text"),
        ({"text": "a" * 10_001}, 422, "text"),
        ({"text": "\ud800"}, 422, "text"),
        ({"text": "?!…"}, 400, "invalid_text"),
        ({"colour": "red"}, 422, "colour"),
        ({"model_id": "gpt-9"}, 404, "model_not_found"),
        ({"language_code": "tlh"}, 400, "unknown_language"),
        ({"voice_settings": {"speed": 9}}, 422, "speed"),
        ({"voice_settings": {"loudness": 9}}, 422, "loudness"),
        ({"seed": -1}, 422, "seed"),
        ({"pronunciation_dictionary_locators": [{}]}, 422, "pronunciation_dictionary_locators"),
        ({"audio_effects": {"pan": 1}}, 422, "audio_effects"),
        ({"text": "A broken one."}, 500, "internal_error"),
    ],
)
def test_what_is_wrong_is_named(http, change, status, told):
    answer = http.post(
        SPEAK,
        content=json.dumps({"text": TWO} | change),
        headers={"content-type": "application/json"},
    )
    assert answer.status_code == status
    assert told in answer.text
    assert "detail" in answer.json()
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("query", "told"),
    [({"output_format": "mp3_1_1"}, "mp3_44100_128"), ({"volume": "3"}, "volume")],
)
def test_a_wrong_query_is_named(http, query, told):
    answer = http.post(SPEAK, params=query, json={"text": TWO})
    assert answer.status_code == 422
    assert told in answer.text


@pytest.mark.parametrize(
    ("fields", "status", "told"),
    [
        ({"name": ""}, 422, "name"),
        ({"labels": "{"}, 422, "labels"),
        ({"colour": "red"}, 422, "colour"),
        ({"name": "ljspeech"}, 409, "voice_exists"),
    ],
)
def test_a_wrong_voice_is_refused(http, recording, *, fields, status, told):
    files = {"files": ("a.wav", recording(), "audio/wav")}
    answer = http.post(
        "/elevenlabs/v1/voices/add", data={"name": "x", "labels": ""} | fields, files=files
    )
    assert answer.status_code == status, answer.text
    assert told in answer.text


def test_a_bad_recording_makes_no_voice(http):
    files = {"files": ("a.wav", b"no audio" * 100, "audio/wav")}
    answer = http.post("/elevenlabs/v1/voices/add", data={"name": "bad"}, files=files)
    assert answer.status_code == 400
    assert answer.json()["detail"]["status"] == "invalid_recording"


def test_a_key_needs_the_scope(server, recording):
    client = elevenlabs(server, server.key("speak"))
    assert b"".join(client.text_to_speech.convert("ljspeech", text=TWO))
    with pytest.raises(ApiError) as raised:
        client.voices.ivc.create(name="x", files=[("a.wav", recording(), "audio/wav")])
    assert raised.value.status_code == 403


def test_a_full_queue_is_a_busy_system(start):
    server = start(queue_size=1)
    slow = {"text": "Here I am. A slow end."}
    key = {"xi-api-key": server.secret}
    with server.client("").stream("POST", SPEAK, json=slow, headers=key) as answer:
        parts = answer.iter_raw()
        next(parts)
        refused = server.client("").post(SPEAK, json={"text": TWO}, headers=key)
        server.model.gate.set()
    assert refused.status_code == 429
    assert refused.json()["detail"]["status"] == "system_busy"
    assert int(refused.headers["retry-after"]) >= 1


def test_unknown_paths_get_the_familys_shape(http):
    for path in ("/elevenlabs/v9", "/elevenlabs/v1/voices/a%0Ab"):
        assert http.get(path).json()["detail"]["status"] == "not_found"
    assert http.put("/elevenlabs/v1/voices").json()["detail"]["status"] == "method_not_allowed"


def test_a_large_body_is_refused_while_it_is_read(start):
    server = start(body_bytes=1000)
    headers = {"xi-api-key": server.secret, "content-type": "application/json"}
    large = json.dumps({"text": "a" * 2000}).encode()
    answer = server.client("").post(SPEAK, content=iter([large]), headers=headers)
    assert answer.status_code == 413
    assert answer.json()["detail"]["message"].startswith("The body is larger")
    assert server.client("").post(SPEAK, content=large, headers=headers).status_code == 413


def test_at_the_root_it_takes_the_place_of_mynahs_own_paths(start):
    server = start(root="elevenlabs")
    assert elevenlabs(server, path="").voices.get_all().voices
    assert elevenlabs(server).voices.get_all().voices
    own = server.client().get("/mynah/v1/voices").json()
    assert own["object"] == "list"
    assert server.client("").get("/health/live").status_code == 200


def test_it_has_a_port_of_its_own_if_the_settings_say_so(start):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = start(elevenlabs_port=port)
    own = ElevenLabs(base_url=f"http://127.0.0.1:{port}", api_key=server.secret)
    assert b"".join(own.text_to_speech.convert("ljspeech", text=TWO))
    assert "object" in server.client().get("/v1/voices").json()
