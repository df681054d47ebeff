"""Two gateways on one PostgreSQL, Redis and S3: what one is told, the other knows."""

import signal
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest
from training_jobs import make_voice, wait_until

from mynah.storage.invalidation import STALE_SECONDS

SPEECH = "/v1/audio/speech"
BODY = {"input": "How are you?", "voice": "ljspeech", "response_format": "wav"}


@pytest.fixture
def clients(gateways):
    """A client of each, with one key that both take."""
    secret = gateways[0].secret
    return [gateway.client(secret) for gateway in gateways]


@pytest.fixture
def name():
    return f"voice-{uuid4().hex}"


def test_a_voice_made_at_one_speaks_at_the_other_until_it_is_deleted(clients, recording, name):
    one, two = clients
    voice = make_voice(one, recording, name)
    assert two.post(SPEECH, json=BODY | {"voice": voice}).is_success
    preview = two.get(f"/v1/voices/{voice}/preview")
    assert preview.content == one.get(f"/v1/voices/{voice}/preview").content
    assert preview.content[:4] == b"fLaC"
    assert two.delete(f"/v1/voices/{voice}").is_success
    wait_until(lambda: one.get(f"/v1/voices/{voice}").status_code == 404, 5 * STALE_SECONDS)
    wait_until(
        lambda: one.post(SPEECH, json=BODY | {"voice": voice}).status_code == 404, 5 * STALE_SECONDS
    )


def test_speech_stored_at_one_is_read_at_the_other_in_parts(gateways, clients):
    one, two = clients
    told = one.post(SPEECH, json=BODY | {"store": True}).json()
    link = told["url"].replace(gateways[0].url, gateways[1].url)
    whole = httpx.get(link)
    assert len(whole.content) == told["bytes"]
    assert whole.content[:4] == b"RIFF"
    head = httpx.head(link)
    assert head.headers["content-length"] == str(told["bytes"])
    assert (head.content, head.headers["etag"]) == (b"", whole.headers["etag"])
    part = httpx.get(link, headers={"range": "bytes=100-199", "if-range": head.headers["etag"]})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{told['bytes']}"
    last = httpx.get(link, headers={"range": "bytes=-10"})
    assert last.content == whole.content[-10:]
    assert two.delete(f"/v1/audio/{told['id']}").is_success
    assert httpx.get(told["url"]).status_code == 404


def test_what_one_has_spoken_is_in_the_cache_of_the_other(clients, name):
    body = BODY | {"input": f"This is the {name}.", "seed": 1}
    first, second = [client.post(SPEECH, json=body) for client in clients]
    assert (first.headers["x-cache"], second.headers["x-cache"]) == ("miss", "hit")
    assert first.content == second.content


def test_a_write_that_is_sent_to_the_other_again_is_done_once(clients, recording, name):
    call = {
        "url": "/v1/voices",
        "data": {"name": name},
        "files": {"recordings": ("a.wav", recording(), "audio/wav")},
        "headers": {"idempotency-key": name},
    }
    first, second = [client.post(**call) for client in clients]
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second.headers["idempotent-replayed"] == "true"


def test_a_key_revoked_at_one_is_refused_at_the_other(gateways):
    keys = gateways[0].services.stores.keys
    key, secret = keys.create("test", ["speak"], None)
    two = gateways[1].client(secret)
    assert two.get("/v1/models").is_success
    keys.revoke(key.id)
    wait_until(lambda: two.get("/v1/models").status_code == 401, 5 * STALE_SECONDS)


def test_limits_are_counted_over_both(services, serve_gateway):
    limited = [serve_gateway(limit_requests="3/minute", **services) for _ in range(2)]
    secret = limited[0].key("speak")
    clients = [gateway.client(secret) for gateway in limited]
    statuses = [clients[turn % 2].get("/v1/models").status_code for turn in range(5)]
    assert statuses == [200, 200, 200, 429, 429]


def test_without_s3_calls_are_told_so_and_voices_in_memory_speak(
    gateways, clients, recording, name, seaweedfs, error_of
):
    one, two = clients
    voice = make_voice(one, recording, name)
    leaving = make_voice(one, recording, f"{name} leaves")
    stored = one.post(SPEECH, json=BODY | {"store": True}).json()["url"]
    assert one.post(SPEECH, json=BODY | {"voice": voice}).is_success
    seaweedfs.signal(signal.SIGSTOP)
    try:
        files = {"recordings": ("a.wav", recording(), "audio/wav")}
        calls = [
            lambda: two.post(SPEECH, json=BODY | {"voice": voice}),
            lambda: one.post("/v1/voices", data={"name": f"{name} too"}, files=files),
            lambda: httpx.get(stored, timeout=20),
            lambda: one.get(f"/v1/voices/{voice}/preview"),
            lambda: two.delete(f"/v1/voices/{leaving}"),
        ]
        with ThreadPoolExecutor(len(calls)) as threads:
            answers = list(threads.map(lambda call: call(), calls))
        for answer in answers:
            assert (answer.status_code, error_of(answer)["code"]) == (503, "blobs_unavailable")
            assert int(answer.headers["retry-after"]) >= 1
        speaking = one.post(SPEECH, json=BODY | {"voice": voice, "input": "Here I am."})
        assert speaking.is_success
        assert one.get("/health/ready").is_success
    finally:
        seaweedfs.signal(signal.SIGCONT)
    wait_until(lambda: two.post(SPEECH, json=BODY | {"voice": voice}).is_success, 20)
    assert two.delete(f"/v1/voices/{leaving}").is_success
    assert two.delete(f"/v1/voices/{leaving}").status_code == 404
