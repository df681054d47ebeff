"""`store: true` and `GET /v1/audio/{id}`."""

import io

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
    answer = server.client(server.key("speak")).delete(f"/v1/audio/{kept['id']}")
    assert error_of(answer)["code"] == "audio_not_found"
    assert httpx.get(kept["url"]).is_success


def test_what_is_stored_is_not_streamed(client, error_of):
    assert error_of(store(client, stream_format="sse"))["param"] == "store"


def test_links_lead_to_the_public_address(start):
    server = start(public_url="https://voices.example/")
    url = store(server.client()).json()["url"]
    assert url.startswith("https://voices.example/v1/audio/audio_")
