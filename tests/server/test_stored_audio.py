"""`store: true` and `GET /v1/audio/{id}`."""

import io

import av
import httpx
import pytest
import soundfile

from mynah.server.speech import stored_audio
from mynah.storage import database

BODY = {"input": "How are you today?", "voice": "ljspeech", "response_format": "wav"}


def store(client: httpx.Client, **changes) -> httpx.Response:
    return client.post("/v1/audio/speech", json={**BODY, "store": True, **changes})


def test_the_link_gives_the_same_audio_without_a_key(server, client):
    kept = store(client)
    assert kept.status_code == 201
    told = kept.json()
    assert told["url"].startswith(f"{server.url}/v1/audio/{told['id']}?")
    assert told["expires_at"] - told["created_at"] == 86_400
    fetched = httpx.get(told["url"])
    assert fetched.content[44:] == client.post("/v1/audio/speech", json=BODY).content[44:]
    assert fetched.headers["content-type"] == told["media_type"] == "audio/wav"
    assert len(fetched.content) == told["bytes"]


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "opus"])
def test_what_is_kept_is_a_file_that_knows_its_length(client, kind):
    audio = httpx.get(store(client, response_format=kind).json()["url"]).content
    with soundfile.SoundFile(io.BytesIO(audio)) as file:
        seconds = file.frames / file.samplerate
        # An MP3 tells its length in whole frames.
        assert len(file.read()) == pytest.approx(file.frames, abs=1152 if kind == "mp3" else 0)
    assert seconds == pytest.approx(0.4, abs=0.08 if kind == "mp3" else 0.001)


def test_a_kept_webm_knows_its_length_and_where_to_seek(client):
    link = store(client, response_format="webm", input=" ".join(["How are you?"] * 20)).json()
    assert link["media_type"] == "audio/webm"
    audio = httpx.get(link["url"]).content
    with av.open(io.BytesIO(audio)) as file:
        assert file.duration / av.time_base == pytest.approx(20 * 0.4, abs=0.05)
        file.seek(4 * av.time_base)
        assert next(file.decode(audio=0)).time == pytest.approx(4, abs=1.1)
    assert b"\x1c\x53\xbb\x6b" in audio  # cues


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        (lambda url: url[:-1] + ("0" if url[-1] != "0" else "1"), 403, "invalid_link"),
        (lambda url: url.replace("expires=1", "expires=2"), 403, "invalid_link"),
        (lambda url: url.replace("/audio_", "/audio_0"), 404, "audio_not_found"),
        (lambda url: url.partition("?")[0], 400, "invalid_request"),
        (lambda url: url + "&more=1", 400, "unknown_field"),
        (lambda url: url.replace("signature=", "signature=%C3%A9"), 403, "invalid_link"),
    ],
)
def test_a_changed_link_leads_nowhere(client, error_of, change, status, code):
    answer = httpx.get(change(store(client).json()["url"]))
    assert (answer.status_code, error_of(answer)["code"]) == (status, code)


def test_a_link_expires_and_then_the_audio_is_gone(start, error_of, monkeypatch):
    server = start(stored_seconds=60)
    kept = store(server.client()).json()
    files = server.services.settings.data / "audio" / "stored"
    assert [file.name for file in files.iterdir()] == [kept["id"]]
    later = database.now() + 61
    monkeypatch.setattr(stored_audio, "now", lambda: later)
    assert error_of(httpx.get(kept["url"]))["code"] == "link_expired"
    server.services.audio_store.purge()
    assert not [*files.iterdir()]
    assert error_of(httpx.get(kept["url"]))["code"] == "audio_not_found"


def test_a_key_keeps_no_more_than_its_quota(start, error_of):
    one = 44 + 2 * 12_800  # 0.4 s at 32 kHz
    server = start(stored_bytes=2 * one - 1)
    server.model.gate.set()
    client = server.client()
    first = store(client)
    assert first.is_success
    refused = store(client)
    assert refused.status_code == 429
    assert error_of(refused)["code"] == "quota_exceeded"
    assert int(refused.headers["retry-after"]) > 0
    assert store(server.client(server.key("speak"))).is_success
    assert client.delete(f"/v1/audio/{first.json()['id']}").json()["deleted"]
    assert store(client).is_success
    assert store(client, input="A slow one.").status_code == 429


def test_a_full_quota_is_told_before_anything_is_spoken(start):
    server = start(stored_bytes=44 + 2 * 12_800)
    assert store(server.client()).is_success
    said = len(server.model.hummed)
    assert store(server.client()).status_code == 429
    assert len(server.model.hummed) == said


def test_only_the_owner_deletes(server, client, error_of):
    kept = store(client).json()
    answer = server.client(server.key("speak", owner="other")).delete(f"/v1/audio/{kept['id']}")
    assert error_of(answer)["code"] == "audio_not_found"
    assert httpx.get(kept["url"]).is_success


def test_what_is_stored_is_not_streamed(client, error_of):
    assert error_of(store(client, stream_format="sse"))["param"] == "store"


def test_links_lead_to_the_public_address(start):
    server = start(public_url="https://voices.example/")
    url = store(server.client()).json()["url"]
    assert url.startswith("https://voices.example/v1/audio/audio_")


def ranged(url: str, **headers: str) -> httpx.Response:
    return httpx.get(url, headers={name.replace("_", "-"): of for name, of in headers.items()})


@pytest.fixture(scope="module")
def link(server) -> str:
    return store(server.client()).json()["url"]


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-1", slice(0, 2)),  # Safari's first question
        ("bytes=100-", slice(100, None)),
        ("bytes=-100", slice(-100, None)),
        ("bytes=-999999", slice(0, None)),
        ("bytes=44-999999", slice(44, None)),
        ("BYTES= 7-7", slice(7, 8)),
    ],
)
def test_a_player_gets_the_part_that_it_asks_for(link, asked, part):
    whole = httpx.get(link)
    assert whole.headers["accept-ranges"] == "bytes"
    answer = ranged(link, range=asked)
    wanted = whole.content[part]
    assert (answer.status_code, answer.content) == (206, wanted)
    size = len(whole.content)
    start, stop, _ = part.indices(size)
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{size}"
    assert answer.headers["content-length"] == str(len(wanted))
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["etag"] == whole.headers["etag"]


@pytest.mark.parametrize(
    "asked",
    ["bytes=5-4", "bytes=-", "bytes=a-b", "items=0-1", "bytes=0-1,4-5", "bytes", "bytes=٣-"],
)
def test_what_is_no_single_range_gets_the_whole(link, asked):
    answer = httpx.get(link, headers={"range": asked.encode()})
    assert (answer.status_code, "content-range" in answer.headers) == (200, False)
    assert answer.content == httpx.get(link).content


@pytest.mark.parametrize("asked", ["bytes=999999-", "bytes=999999-9999999", "bytes=-0"])
def test_a_range_behind_the_end_is_refused_with_the_size(link, error_of, asked):
    answer = ranged(link, range=asked)
    assert (answer.status_code, error_of(answer)["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["content-range"] == f"bytes */{len(httpx.get(link).content)}"


def test_a_part_is_of_the_same_audio_or_the_whole_is_sent(link):
    tag = httpx.get(link).headers["etag"]
    assert ranged(link, range="bytes=0-1", if_range=tag).status_code == 206
    for other in ('"other"', f"W/{tag}", "Tue, 01 Dec 2026 00:00:00 GMT"):
        assert ranged(link, range="bytes=0-1", if_range=other).status_code == 200


def test_what_a_client_has_already_is_not_sent_again(link):
    tag = httpx.get(link).headers["etag"]
    for known in (tag, f"W/{tag}", f'"a", {tag}', "*"):
        answer = ranged(link, if_none_match=known)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
    assert ranged(link, if_none_match='"other"').status_code == 200


def test_head_tells_of_the_audio_without_sending_it(link):
    whole = httpx.get(link)
    for headers in ({}, {"range": "bytes=0-1"}):  # a range is defined for GET alone
        answer = httpx.head(link, headers=headers)
        assert (answer.status_code, answer.content) == (200, b"")
        for name in ("content-length", "content-type", "etag", "accept-ranges"):
            assert answer.headers[name] == whole.headers[name]
    assert httpx.head(link.replace("signature=", "signature=0")).status_code == 403


@pytest.mark.parametrize("voice", ["ljspeech", "own"])
def test_the_recording_of_a_voice_is_sent_in_parts_too(server, client, recording, voice):
    if voice == "own":
        made = client.post("/v1/voices", data={"name": "own"}, files={"recordings": recording()})
        assert made.is_success
    path = f"/v1/voices/{voice}/preview"
    whole = client.get(path)
    assert whole.headers["content-length"] == str(len(whole.content))
    part = client.get(path, headers={"range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, whole.content[4:8])
    assert client.head(path).headers["etag"] == whole.headers["etag"] == part.headers["etag"]
    assert client.get(path, headers={"if-none-match": whole.headers["etag"]}).status_code == 304
    assert server.client("").head(path).status_code == 401
