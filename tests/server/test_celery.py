"""Jobs in Celery workers on a real Redis: through the same rows, whatever becomes of either."""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import loopback
import pytest
from sqlalchemy import select
from training_jobs import SETTINGS, begin, make_voice, wait_for, wait_until, work

from mynah.storage.tables import jobs

pytest.importorskip("celery", reason="celery is not installed: pip install 'mynah[cluster]'")


class Redis:
    """A Redis that can be taken away and brought back."""

    def __init__(self, folder, port):
        self._folder, self._port = folder, port
        self._running = ExitStack()
        self.url = f"redis://127.0.0.1:{port}"
        self.start()

    def start(self):
        self._running.enter_context(loopback.redis(self._folder, self._port))

    def stop(self):
        self._running.close()


@pytest.fixture
def redis(tmp_path, free_port):
    redis = Redis(tmp_path, free_port)
    yield redis
    redis.stop()


@pytest.fixture
def server(start, redis):
    return start(broker_url=redis.url, **SETTINGS)


@pytest.fixture
def worker(server):
    """`mynah worker`, with the same settings."""
    environment = server.services.settings.environment() | {
        "PYTHONPATH": str(Path(__file__).parent)
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "mynah", "worker"], env=environment, start_new_session=True
    )
    yield process
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def holder_of(server, job):
    with server.services.stores.records.connect() as connection:
        holder = connection.scalar(select(jobs.c.holder).where(jobs.c.id == job))
    return int(holder.rpartition(":")[2]) if holder else None


def percent(client, job):
    return client.get(f"/v1/jobs/{job}").json()["progress"]["percent"]


def began(body):
    return [message["text"] for message in body["messages"]]


def test_a_worker_does_the_job_and_a_killed_one_leaves_it_to_another(server, worker, recording):
    client = server.client()
    voice = make_voice(client, recording)
    assert wait_for(client, begin(client, voice, recording, "steps is 3"))["version"] == 2
    job = begin(client, voice, recording, "steps is 40 pause is 0.1")
    wait_until(lambda: percent(client, job) > 20, 300)
    first = holder_of(server, job)
    assert first not in (worker.pid, os.getpid())
    os.kill(first, signal.SIGKILL)
    body = wait_for(client, job)
    assert (body["state"], body["attempts"], body["version"]) == ("succeeded", 2, 3)
    assert int(began(body)[1].split()[-1]) >= 3


def test_a_message_that_comes_twice_is_done_once(server, worker, recording):
    from mynah.jobs.celery_workers import TASK, open_celery

    client = server.client()
    voice = make_voice(client, recording)
    job = begin(client, voice, recording, "steps is 20 pause is 0.1")
    celery = open_celery(server.services.settings)
    for _ in range(3):
        celery.send_task(TASK, (job,))
    body = wait_for(client, job)
    assert (body["state"], body["attempts"]) == ("succeeded", 1)
    assert work(server, job) is False


def test_a_lost_redis_loses_no_job(server, worker, redis, recording):
    client = server.client()
    voice = make_voice(client, recording)
    running = begin(client, voice, recording, "steps is 40 pause is 0.1")
    wait_until(lambda: percent(client, running) > 10, 300)
    redis.stop()
    meanwhile = begin(client, voice, recording, "steps is 3")
    body = wait_for(client, running)
    assert (body["state"], body["attempts"]) == ("succeeded", 1)
    assert client.get(f"/v1/jobs/{meanwhile}").json()["state"] == "queued"
    redis.start()
    assert wait_for(client, meanwhile)["state"] == "succeeded"
