"""Jobs of two gateways in Celery workers on other machines, some of which die."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import select
from training_jobs import begin, make_voice, wait_for, wait_until

from mynah.config import Settings
from mynah.storage.tables import jobs

PLAN = "steps is 40 pause is 0.1"


@pytest.fixture
def begin_worker(services, tmp_path_factory):
    """Starts `mynah worker` with a data folder of its own, and kills it at the end."""
    started = []

    def begin_worker():
        settings = Settings(data=tmp_path_factory.mktemp("worker"), **services)
        environment = settings.environment() | {"PYTHONPATH": os.pathsep.join(_paths())}
        command = [sys.executable, "-m", "mynah", "worker"]
        started.append(subprocess.Popen(command, env=environment, start_new_session=True))
        return started[-1]

    yield begin_worker
    for process in started:
        kill_all_of(process)


def _paths():
    return [str(Path(__file__).parents[1] / "server"), *filter(None, [os.getenv("PYTHONPATH")])]


def kill_all_of(worker):
    """The worker and its children, at once; as a power cut ends them."""
    if worker.poll() is None:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


def holder_of(gateway, job):
    with gateway.services.stores.records.connect() as connection:
        return connection.scalar(select(jobs.c.holder).where(jobs.c.id == job))


def percent(client, job):
    return client.get(f"/v1/jobs/{job}").json()["progress"].get("percent", 0)


def versions(client, voice):
    return [each["job"] for each in client.get(f"/v1/voices/{voice}/versions").json()["data"]]


def test_a_job_lives_through_its_workers_death_and_an_emptied_redis(
    gateways, services, begin_worker, recording
):
    one, two = gateways
    client, other = one.client(), two.client(one.secret)
    worker = begin_worker()
    voice = make_voice(client, recording, "killed")
    job = begin(client, voice, recording, PLAN)
    wait_until(lambda: percent(other, job) > 20)
    assert holder_of(one, job)
    kill_all_of(worker)
    Redis.from_url(services["broker_url"]).flushall()
    begin_worker()
    body = wait_for(other, job)
    assert (body["state"], body["attempts"], body["version"]) == ("succeeded", 2, 2)
    # Once, with each step once, although the other machine has its checkpoints.
    assert versions(other, voice) == [None, job]
    weights = two.services.stores.weights.path(f"{voice}/{job}/2")
    assert json.loads((weights / "steps.json").read_text()) == [*range(40)]
    assert (weights / "acoustic.pth").stat().st_size == 200_000
    assert other.post(
        "/v1/audio/speech", json={"input": "Here I am.", "voice": voice, "version": 2}
    ).is_success


def test_jobs_that_wait_outlast_an_emptied_redis(gateways, services, begin_worker, recording):
    client = gateways[0].client()
    voices = [make_voice(client, recording, f"waits {number}") for number in range(3)]
    waiting = [begin(client, voice, recording, "steps is 3") for voice in voices]
    redis = Redis.from_url(services["broker_url"])
    wait_until(lambda: redis.llen("mynah") == len(waiting))
    redis.flushall()
    begin_worker()
    for voice, job in zip(voices, waiting, strict=True):
        body = wait_for(client, job)
        assert (body["state"], body["attempts"]) == ("succeeded", 1)
        assert versions(client, voice) == [None, job]


def test_a_job_outlasts_an_s3_that_is_away_when_it_publishes(
    gateways, begin_worker, recording, seaweedfs
):
    client = gateways[0].client()
    begin_worker()
    voice = make_voice(client, recording, "published late")
    job = begin(client, voice, recording, "steps is 12 pause is 0.1")
    wait_until(lambda: percent(client, job) > 30)
    seaweedfs.kill()
    try:
        leases = gateways[0].services.stores.leases
        wait_until(lambda: job in leases.waiting(10))  # whoever had it has given up
    finally:
        seaweedfs.start()
    body = wait_for(client, job)
    assert (body["state"], body["version"]) == ("succeeded", 2)
    assert versions(client, voice) == [None, job]
