"""Rows of jobs, versions and webhooks mean the same in PostgreSQL as in SQLite."""

import time
from concurrent.futures import ThreadPoolExecutor

import loopback
import pytest
from training_jobs import IDLE, begin, make_version, make_voice, train

from mynah.jobs.leases import LeaseLostError, Leases

SPEECH = "/v1/audio/speech"


@pytest.fixture(scope="module")
def server(serve_in, tmp_path_factory):
    with loopback.postgres() as url:
        folder = tmp_path_factory.mktemp("postgres")
        yield serve_in(folder, **IDLE | {"database_url": url, "guard_answers": 2})


@pytest.fixture
def made(server, recording, request):
    client = server.client(server.key("speak", "train"))
    return client, make_voice(client, recording, request.node.name)


def test_a_version_is_trained_split_rated_withdrawn_and_rolled_back(server, made, recording):
    client, voice = made
    assert make_version(server, client, voice, recording) == 2
    assert make_version(server, client, voice, recording, parent=2) == 3
    split = client.put(f"/v1/voices/{voice}/traffic", json={"weights": {"2": 1, "3": 1}})
    assert split.json()["earlier"] == [2, 1]
    for _ in range(2):
        broken = {"voice": voice, "input": "broken", "version": 3}
        assert client.post(SPEECH, json=broken).status_code == 500
    said = client.post(SPEECH, json={"voice": voice, "input": "Hello."})
    assert said.headers["x-voice-version"] == "2"
    rated = client.post(f"/v1/audio/{said.headers['x-audio-id']}/rating", json={"rating": 4})
    assert rated.json()["version"] == 2
    tally = client.get(f"/v1/voices/{voice}/versions").json()["data"][1]["tally"]
    assert (tally["answers"], tally["rating"]) == (1, 4.0)
    assert client.post(f"/v1/voices/{voice}/rollback").json()["default_version"] == 1


def test_leases_are_fenced(server, made, recording):
    client, voice = made
    job = begin(client, voice, recording)
    leases = Leases(server.services.stores.records, 0.3)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda holder: leases.take(job, f"holder {holder}"), range(8)))
    (first,) = filter(None, taken)
    time.sleep(0.4)
    assert leases.take(job, "b").fence == first.fence + 1
    with pytest.raises(LeaseLostError):
        leases.renew(first)


def test_ten_jobs_at_a_time_however_they_are_ordered(server, made, recording):
    client, voice = made
    with ThreadPoolExecutor(14) as pool:
        answers = list(pool.map(lambda _: train(client, voice, recording), range(14)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [202] * 10 + [429] * 4


def test_a_secret_is_renewed_and_a_delivery_is_written(server, made, recording):
    client, voice = made
    for _ in range(2):
        assert client.post("/v1/webhooks/secret").status_code == 201
    job = begin(client, voice, recording, callback_url="http://127.0.0.1:9/hook")
    client.post(f"/v1/jobs/{job}/cancel")
    (delivery,) = client.get("/v1/webhooks/deliveries").json()["data"]
    assert delivery["job"] == job
    events = client.get(f"/v1/jobs/{job}/events").text
    assert events.count("event: state") == 2


def test_voices_are_deleted_with_everything_of_theirs(server, made, recording):
    client, voice = made
    make_version(server, client, voice, recording)
    client.post(SPEECH, json={"voice": voice, "input": "Hello."})
    assert client.delete(f"/v1/voices/{voice}").status_code == 200
    assert client.get(f"/v1/voices/{voice}/versions").status_code == 404
