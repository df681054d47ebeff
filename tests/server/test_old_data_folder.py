"""A server on a data folder from before migrations has everything in it."""

import hmac
import sqlite3
from contextlib import closing

import pytest
from data_folders import (
    BEFORE,
    CHANGES,
    SECRET,
    copies,
    old_data_folder,
    query,
    rows,
    with_next_revision,
)

from mynah.storage import revisions

JOB = "job_18ecd4537cb607d83c1e889f"
AUDIO = "audio_18ecd47cbd48b397da63bd0b"


@pytest.fixture(scope="module", params=["newest", "next"])
def folder(request, recording, tmp_path_factory):
    made = tmp_path_factory.mktemp("old")
    folder = old_data_folder(made / "data", recording(kind="FLAC"))
    # Their time is over: a server would forget the audio, and call the webhook's host.
    with closing(sqlite3.connect(folder / "mynah.db")) as connection, connection:
        connection.execute("UPDATE stored_audio SET expires_at = 4000000000")
        connection.execute("UPDATE deliveries SET next_at = 4000000000")
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "next":
            migrations = with_next_revision(made / "migrations", CHANGES)
            patch.setattr(revisions, "MIGRATIONS", migrations)
        yield folder


@pytest.fixture(scope="module")
def server(serve_in, folder):
    return serve_in(folder, job_workers=0)


@pytest.fixture
def client(server):
    return server.client(SECRET)


def test_it_was_copied_first(server, folder):
    (copy,) = copies(folder)
    assert f"before-{revisions.revisions()[-1]}-" in copy.name
    assert len(rows(copy)["job_events"]) == 27


def test_its_keys_call(client):
    assert client.get("/v1/jobs").status_code == 200


def test_all_of_it_belongs_to_the_default_owner(client, folder, server):
    tables = ("keys", "voices", "jobs", "stored_audio", "answers", "deliveries")
    for table in tables:
        owners = {owner for (owner,) in query(folder, f"SELECT owner FROM {table}")}
        assert owners == {"default"}, table
    named = [voice for voice in client.get("/v1/voices").json()["data"] if not voice["built_in"]]
    assert {(voice["owner"], voice["access"]) for voice in named} == {("default", "own")}
    other = server.client(server.services.stores.keys.create("b", ["speak"], owner="b")[1])
    assert all(voice["built_in"] for voice in other.get("/v1/voices").json()["data"])


@pytest.mark.parametrize("version", [1, 2])
def test_its_versions_speak(client, server, version):
    said = client.post(
        "/v1/audio/speech", json={"input": "Hello.", "voice": "teacher", "version": version}
    )
    assert said.status_code == 200
    assert said.headers["x-voice-version"] == str(version)


def test_its_voices_have_their_versions_ratings_and_traffic(client):
    voices = {voice["name"]: voice for voice in client.get("/v1/voices").json()["data"]}
    teacher = voices["teacher"]["id"]
    assert "empty" in voices
    body = client.get(f"/v1/voices/{teacher}/versions").json()
    assert body["rollout"]["traffic"] == {"1": 70.0, "2": 30.0}
    assert body["rollout"]["earlier"] == [1]
    assert [step["kind"] for step in body["rollout"]["steps"]] == ["traffic", "promoted"]
    assert body["data"][1]["tally"]["rating"] == 4.0
    assert client.post(f"/v1/voices/{teacher}/rollback").json()["default_version"] == 1


def test_its_job_is_there_with_its_events(client):
    assert client.get(f"/v1/jobs/{JOB}").json()["state"] == "succeeded"
    assert client.get(f"/v1/jobs/{JOB}/events").text.count("event: ") == 27


def test_its_delivery_is_there_with_its_attempts(client):
    (delivery,) = client.get("/v1/webhooks/deliveries").json()["data"]
    assert delivery["job"] == JOB
    assert len(delivery["attempts"]) == 2
    assert client.post("/v1/webhooks/secret").status_code == 201


def test_its_stored_audio_is_there(client, folder):
    ((expires, secret),) = query(folder, "SELECT expires_at, secret FROM stored_audio")
    signed = hmac.new(secret.encode(), f"{AUDIO}.{expires}".encode(), "sha256").hexdigest()
    heard = client.get(f"/v1/audio/{AUDIO}", params={"expires": expires, "signature": signed})
    assert heard.content == (BEFORE / "audio" / "stored" / AUDIO).read_bytes()
