"""`POST /v1/audio/speech` with OpenAI's own client and with bare HTTP."""

import base64
import io
import json
import time

import av
import httpx
import openai
import pytest

SENTENCE_SECONDS = 0.4

TWO = "How are you today? I am very well."
TWO_SECONDS = 2 * SENTENCE_SECONDS


def seconds_of(audio: bytes, kind: str) -> float:
    if kind == "pcm":
        return len(audio) / 2 / 24_000
    with av.open(io.BytesIO(audio)) as container:
        frames = list(container.decode(audio=0))
    return sum(frame.samples for frame in frames) / frames[0].sample_rate


@pytest.mark.parametrize("kind", ["wav", "mp3", "opus", "webm", "flac", "aac", "pcm"])
def test_every_format_decodes_to_the_whole_speech(server, kind):
    answer = server.openai().audio.speech.create(
        model="mynah", input=TWO, voice="ljspeech", response_format=kind
    )
    # MP3 and AAC come in frames, of which the first and the last are padded.
    slack = 0.08 if kind in ("mp3", "aac") else 0.001
    assert seconds_of(answer.content, kind) == pytest.approx(TWO_SECONDS, abs=slack)


def test_the_answer_names_its_kind_and_mp3_is_the_default(client):
    answer = client.post("/v1/audio/speech", json={"input": TWO, "voice": "ljspeech"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "audio/mpeg"
    assert answer.headers["x-request-id"].startswith("req_")


def test_the_answer_tells_where_the_time_to_first_audio_went(client):
    asked = {"input": TWO, "voice": "ljspeech", "response_format": "wav", "seed": 0}
    began = time.perf_counter()
    answer = client.post("/v1/audio/speech", json=asked)
    milliseconds = 1000 * (time.perf_counter() - began)
    parts = [part.split(";dur=") for part in answer.headers["server-timing"].split(", ")]
    assert [name for name, _ in parts] == ["text", "engine"]
    assert 0 < sum(float(duration) for _, duration in parts) < milliseconds
    kept = client.post("/v1/audio/speech", json=asked)
    assert kept.headers["x-cache"] == "hit"
    assert "engine" not in kept.headers["server-timing"]  # it had nothing to do


def test_a_voice_is_found_by_name_or_id(client):
    for voice in ("mandarin", {"id": "mandarin"}):
        answer = client.post("/v1/audio/speech", json={"input": TWO, "voice": voice})
        assert answer.status_code == 200


def test_options_reach_the_model(server):
    answer = server.openai().audio.speech.create(
        model="tts-1",
        input=TWO,
        voice="ljspeech",
        response_format="pcm",
        speed=2,
        extra_body={"language": "en", "split": "cut0", "seed": 3, "top_k": 5, "pause": 0},
    )
    assert seconds_of(answer.content, "pcm") == pytest.approx(SENTENCE_SECONDS / 2, abs=0.001)


def test_sound_arrives_while_the_rest_is_being_made(start):
    server = start()
    body = {"input": "Here I am. A slow end.", "voice": "ljspeech", "response_format": "wav"}
    with server.client().stream("POST", "/v1/audio/speech", json=body) as answer:
        parts = answer.iter_raw()
        first = next(parts)
        assert first.startswith(b"RIFF")
        assert not any("slow" in said for said in server.model.hummed)
        server.model.gate.set()
        whole = first + b"".join(parts)
    assert seconds_of(whole, "wav") == pytest.approx(TWO_SECONDS, abs=0.001)


def test_events_carry_the_same_bytes_and_then_the_usage(client):
    body = {"input": TWO, "voice": "ljspeech", "response_format": "wav"}
    plain = client.post("/v1/audio/speech", json=body).content
    answer = client.post("/v1/audio/speech", json={**body, "stream_format": "sse"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [
        json.loads(event.removeprefix("data: ")) for event in answer.text.split("\n\n") if event
    ]
    *deltas, done = events
    assert {delta["type"] for delta in deltas} == {"speech.audio.delta"}
    assert len(deltas) >= 2
    assert b"".join(base64.b64decode(delta["audio"]) for delta in deltas) == plain
    assert done["type"] == "speech.audio.done"
    usage = done["usage"]
    assert usage["output_tokens"] == TWO_SECONDS * 25
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


def test_openai_raises_its_own_error_for_an_unknown_voice(server):
    with pytest.raises(openai.NotFoundError) as raised:
        server.openai().audio.speech.create(model="mynah", input=TWO, voice="nobody")
    assert raised.value.code == "voice_not_found"
    assert raised.value.param == "voice"
    assert raised.value.request_id


@pytest.mark.parametrize(
    ("change", "status", "code", "param"),
    [
        ({"input": None}, 400, "invalid_request", "input"),
        ({"input": ""}, 400, "invalid_request", "input"),
        ({"input": "a" * 4097}, 400, "invalid_request", "input"),
        ({"input": "?!…"}, 400, "invalid_text", "input"),
        ({"input": 7}, 400, "invalid_request", "input"),
        ({"input": "\ud800"}, 400, "invalid_request", "input"),
        ({"voice": {}}, 400, "invalid_request", "voice"),
        ({"voice": ["a"]}, 400, "invalid_request", "voice"),
        ({"voice": "x\0y"}, 400, "invalid_request", "voice"),
        ({"model": "gpt-9"}, 404, "model_not_found", "model"),
        ({"speed": 9}, 400, "invalid_request", "speed"),
        ({"speed": "fast"}, 400, "invalid_request", "speed"),
        ({"seed": 2**70}, 400, "invalid_request", "seed"),
        ({"language": "tlh"}, 400, "unknown_language", "language"),
        ({"split": "cut9"}, 400, "invalid_option", None),
        ({"response_format": "midi"}, 400, "invalid_request", "response_format"),
        ({"langauge": "en"}, 400, "invalid_request", "langauge"),
    ],
)
def test_what_is_wrong_is_named(client, error_of, *, change, status, code, param):
    body = {"input": TWO, "voice": "ljspeech"} | change
    answer = client.post(
        "/v1/audio/speech",
        content=json.dumps(body),
        headers={"content-type": "application/json"},
    )
    error = error_of(answer)
    assert (answer.status_code, error["code"], error["param"]) == (status, code, param)


def test_fields_of_other_servers_are_ignored_and_named(client):
    body = {"input": TWO, "voice": "ljspeech", "stream": True, "lang_code": "a", "bad\nname": 1}
    answer = client.post("/v1/audio/speech", json=body)
    assert answer.status_code == 200
    assert answer.headers["x-ignored-fields"] == "stream, lang_code"


@pytest.mark.parametrize("speed", [0.25, 4])
def test_openais_whole_range_of_speeds_is_spoken(client, speed):
    body = {"input": TWO, "voice": "ljspeech", "response_format": "pcm", "speed": speed}
    answer = client.post("/v1/audio/speech", json=body)
    assert len(answer.content) / 2 / 24_000 == pytest.approx(TWO_SECONDS / speed, rel=0.1)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b"null", b"[" * 50_000])
def test_a_body_that_is_no_json_object_is_refused(client, error_of, body):
    answer = client.post(
        "/v1/audio/speech", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 400
    assert error_of(answer)["type"] == "invalid_request_error"


def test_an_error_before_the_first_sound_is_an_error_not_silence(client, error_of):
    answer = client.post("/v1/audio/speech", json={"input": "A broken one.", "voice": "ljspeech"})
    assert answer.status_code == 500
    error = error_of(answer)
    assert error["code"] == "internal_error"
    assert "secret" not in answer.text


def test_an_error_after_the_first_sound_breaks_the_answer_off(server, client):
    body = {"input": "Here I am. A broken one.", "voice": "ljspeech"}
    with pytest.raises(httpx.RemoteProtocolError):
        client.post("/v1/audio/speech", json=body)
    assert client.post("/v1/audio/speech", json=body | {"input": TWO}).status_code == 200


def test_logs_tell_of_errors_without_the_words(client, caplog):
    caplog.set_level("INFO")
    client.post("/v1/audio/speech", json={"input": "A broken one.", "voice": "ljspeech"})
    assert "RuntimeError" in str([vars(record) for record in caplog.records])
    assert "broken" not in caplog.text
    assert not any("broken" in str(vars(record)) for record in caplog.records)


def until(condition) -> None:
    limit = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_the_place_is_free_as_soon_as_the_client_leaves(start):
    server = start(queue_size=1)
    engine = server.services.engine
    for text in ("A slow start.", "Here I am. A slow end."):
        leaving = httpx.Timeout(5, read=0.3)
        with (
            pytest.raises(httpx.ReadTimeout),
            server.client().stream(
                "POST",
                "/v1/audio/speech",
                json={"input": text, "voice": "ljspeech"},
                timeout=leaving,
            ) as answer,
        ):
            answer.read()
        server.clients.pop().close()
        until(lambda: engine.stats().requests == 0)
        server.model.gate.set()
        assert (
            server.client()
            .post("/v1/audio/speech", json={"input": TWO, "voice": "ljspeech"})
            .is_success
        )
        server.model.gate.clear()


def test_a_full_queue_answers_503_and_when_to_come_back(start, error_of):
    server = start(queue_size=1)
    slow = {"input": "Here I am. A slow end.", "voice": "ljspeech"}
    with server.client().stream("POST", "/v1/audio/speech", json=slow) as answer:
        parts = answer.iter_raw()
        next(parts)
        refused = server.client().post("/v1/audio/speech", json=slow)
        assert refused.status_code == 503
        assert error_of(refused)["code"] == "queue_full"
        assert int(refused.headers["retry-after"]) >= 1
        server.model.gate.set()
        assert b"".join(parts)


def test_a_deadline_answers_504(start, error_of):
    server = start(speech_seconds=0.2)
    answer = server.client().post(
        "/v1/audio/speech", json={"input": "A slow one.", "voice": "ljspeech"}
    )
    assert answer.status_code == 504
    assert error_of(answer)["code"] == "deadline_exceeded"


def test_a_deadline_ends_events_with_an_error(start):
    server = start(speech_seconds=0.3)
    body = {"input": "Here I am. A slow end.", "voice": "ljspeech", "stream_format": "sse"}
    answer = server.client().post("/v1/audio/speech", json=body)
    last = json.loads(answer.text.strip().split("\n\n")[-1].removeprefix("data: "))
    assert last["type"] == "error"
    assert last["error"]["code"] == "deadline_exceeded"


def test_a_model_speaks(start, models):
    server = start(models)
    answer = server.openai().audio.speech.create(
        model="mynah", input="你好。Hello.", voice="mandarin", response_format="wav"
    )
    assert 0.2 < seconds_of(answer.content, "wav") < 30
