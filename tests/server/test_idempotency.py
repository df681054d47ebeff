"""A write that is sent again with its key is answered again, and done once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from training_jobs import IDLE

from mynah.server.access.idempotency import LEASE_SECONDS, IdempotencyStore


def voice_call(recording, name: str, **changes) -> dict:
    files = {"recordings": ("a.wav", recording(**changes), "audio/wav")}
    return {"url": "/v1/voices", "data": {"name": name}, "files": files}


def test_a_voice_that_is_sent_again_is_made_once(client, recording):
    headers = {"idempotency-key": "voice-once"}
    call = voice_call(recording, "Once")
    first, second = client.post(**call, headers=headers), client.post(**call, headers=headers)
    # httpx, like all clients, makes another boundary each time.
    assert first.request.headers["content-type"] != second.request.headers["content-type"]
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert client.post(**call).status_code == 409


def test_a_deletion_that_is_sent_again_is_no_error(client, recording):
    voice = client.post(**voice_call(recording, "Gone")).json()["id"]
    headers = {"idempotency-key": "delete-once"}
    answers = [client.delete(f"/v1/voices/{voice}", headers=headers) for _ in range(2)]
    assert [answer.json() for answer in answers] == [answers[0].json()] * 2
    assert client.delete(f"/v1/voices/{voice}").status_code == 404


@pytest.mark.parametrize("change", [{"pitch": 200}, {"seconds": 5.0}])
def test_a_key_with_another_request_is_refused(client, recording, error_of, change):
    headers = {"idempotency-key": f"reused-{change}".replace(" ", "")}
    assert client.post(**voice_call(recording, str(change)), headers=headers).is_success
    again = client.post(**voice_call(recording, str(change), **change), headers=headers)
    assert again.status_code == 422
    assert error_of(again)["code"] == "idempotency_key_reused"
    assert error_of(again)["param"] == "Idempotency-Key"


def test_an_error_is_not_kept(client, recording):
    headers = {"idempotency-key": "second-try"}
    wrong = {"url": "/v1/voices", "data": {"name": "Try"}, "files": {"recordings": b"noise"}}
    assert client.post(**wrong, headers=headers).status_code == 400
    assert client.post(**voice_call(recording, "Try"), headers=headers).status_code == 201


def test_callers_do_not_meet_in_a_key(server, recording):
    headers = {"idempotency-key": "shared"}
    for number in (1, 2):
        client = server.client(server.key("train"))
        answer = client.post(**voice_call(recording, f"Mine {number}"), headers=headers)
        assert answer.json()["name"] == f"Mine {number}"


def test_a_revoked_key_is_not_answered_again(server, recording, error_of):
    key, secret = server.services.stores.keys.create("lent", ["train"])
    client, headers = server.client(secret), {"idempotency-key": "lent"}
    call = voice_call(recording, "Lent")
    assert client.post(**call, headers=headers).status_code == 201
    server.services.stores.keys.revoke(key.id)
    answer = client.post(**call, headers=headers)
    assert answer.status_code == 401
    assert error_of(answer)["code"] == "invalid_api_key"


def test_of_two_at_the_same_time_one_is_told_to_wait(start, recording, error_of, monkeypatch):
    server = start()
    begun, gate = threading.Event(), threading.Event()
    create = type(server.services.stores.voices).create

    def slow(*arguments):
        begun.set()
        gate.wait(10)
        return create(*arguments)

    monkeypatch.setattr(type(server.services.stores.voices), "create", slow)
    headers, call = {"idempotency-key": "twice"}, voice_call(recording, "Twice")
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(server.client().post, **call, headers=headers)
        assert begun.wait(10)
        second = server.client().post(**call, headers=headers)
        gate.set()
        assert first.result().status_code == 201
    assert second.status_code == 409
    assert error_of(second)["code"] == "request_in_progress"
    assert int(second.headers["retry-after"]) >= 1
    assert server.client().post(**call, headers=headers).json() == first.result().json()


def test_answers_outlive_the_server_and_not_the_day(start, recording, monkeypatch):
    first, second = start(no_auth=True), start(no_auth=True)
    headers, call = {"idempotency-key": "lasting"}, voice_call(recording, "Lasting")
    made = first.client().post(**call, headers=headers)
    assert second.client().post(**call, headers=headers).json() == made.json()
    tomorrow = int(time.time()) + 86_401
    monkeypatch.setattr("mynah.server.access.idempotency.now", lambda: tomorrow)
    assert second.client().post(**call, headers=headers).status_code == 409
    assert second.client().post(**call, headers=headers).status_code == 409


def test_audio_and_reading_are_not_kept(client):
    headers = {"idempotency-key": "audio"}
    body = {"input": "How are you?", "voice": "ljspeech"}
    for _ in range(2):
        answer = client.post("/v1/audio/speech", json=body, headers=headers)
        assert answer.status_code == 200
        assert "idempotent-replayed" not in answer.headers
        assert "idempotent-replayed" not in client.get("/v1/models", headers=headers).headers


@pytest.mark.parametrize("key", ["", "a b", "x" * 256])
def test_an_unsound_key_is_refused(client, error_of, key):
    answer = client.post("/v1/audio/speech", json={}, headers={"idempotency-key": key})
    assert answer.status_code == 400
    assert error_of(answer)["param"] == "Idempotency-Key"


def test_a_large_body_is_refused_when_it_is_sent_again_too(start, error_of):
    server = start(body_bytes=200)
    headers = {"idempotency-key": "large", "content-type": "application/json"}
    body = {"input": "How are you?"}
    assert server.client().post("/v1/text/phonemes", json=body, headers=headers).is_success
    chunks = iter([b"x" * 150, b"x" * 150])
    answer = server.client().post("/v1/text/phonemes", content=chunks, headers=headers)
    assert answer.status_code == 413
    error_of(answer)


@pytest.fixture
def killed(start, monkeypatch):
    """A server whose writes happen as if it were killed just before it stores the response."""
    server, store = start(**IDLE), IdempotencyStore

    def in_its_last_moment(call, headers):
        with monkeypatch.context() as patch:
            for method in ("finish", "abandon"):
                patch.setattr(store, method, lambda *_: None)
            assert server.client().post(**call, headers=headers).is_success
            server.services.idempotency._claims.clear()
        return server.client()

    return in_its_last_moment


def test_what_a_killed_server_made_is_answered_within_seconds_and_not_made_again(
    killed, recording, error_of
):
    headers, call = {"idempotency-key": "killed"}, voice_call(recording, "Killed")
    client = killed(call, headers)
    early = client.post(**call, headers=headers)
    assert (early.status_code, error_of(early)["code"]) == (409, "request_in_progress")
    time.sleep(LEASE_SECONDS + 1.1)
    voices = client.get("/v1/voices").json()["data"]
    (voice,) = [each for each in voices if each["name"] == "Killed"]
    again = client.post(**call, headers=headers)
    assert (again.status_code, again.json()["id"]) == (201, voice["id"])
    assert client.post(**call, headers=headers).headers["idempotent-replayed"] == "true"
    train = {"url": f"/v1/voices/{voice['id']}/train", "data": {"epochs": "1"}}
    killed(train, {"idempotency-key": "killed-job"})
    time.sleep(LEASE_SECONDS + 1.1)
    answer = client.post(**train, headers={"idempotency-key": "killed-job"})
    (job,) = client.get("/v1/jobs").json()["data"]
    assert (answer.status_code, answer.json()["id"]) == (202, job["id"])


def test_a_write_that_takes_long_is_not_taken_over(start, recording, monkeypatch):
    server = start()
    gate = threading.Event()
    create = type(server.services.stores.voices).create

    def slow(*arguments):
        gate.wait(20)
        return create(*arguments)

    monkeypatch.setattr(type(server.services.stores.voices), "create", slow)
    headers, call = {"idempotency-key": "long"}, voice_call(recording, "Long")
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(server.client().post, **call, headers=headers)
        time.sleep(LEASE_SECONDS + 2)
        assert server.client().post(**call, headers=headers).status_code == 409
        gate.set()
        assert first.result().status_code == 201


def test_an_owner_with_many_answers_loses_its_own_oldest(start, recording, monkeypatch):
    monkeypatch.setattr("mynah.server.access.idempotency.MOST_KEPT", 3)
    server = start()
    many, other = (server.client(server.key("train", owner=owner)) for owner in "ab")

    def write(client, number):
        headers = {"idempotency-key": f"key-{number}"}
        answer = client.post(**voice_call(recording, f"Voice {number}"), headers=headers)
        return answer.status_code, "idempotent-replayed" in answer.headers

    assert write(other, 0) == (201, False)
    times = count(int(time.time()))  # the order of seconds is that of the writes
    monkeypatch.setattr("mynah.server.access.idempotency._clock", lambda: next(times))
    assert [write(many, number) for number in range(5)] == [(201, False)] * 5
    assert [write(many, number) for number in (4, 3, 2)] == [(201, True)] * 3
    assert write(many, 0) == (409, False)  # it is made again, and its name is taken
    assert write(other, 0) == (201, True)
