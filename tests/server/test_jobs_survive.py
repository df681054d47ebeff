"""`kill -9` of workers and servers, and workers that fall asleep: every job ends right, once."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select
from training_jobs import SETTINGS, begin, make_voice, wait_for, wait_until

from mynah.config import Settings
from mynah.jobs.leases import worker_id
from mynah.server.access.keys import Keys
from mynah.storage.database import open_database
from mynah.storage.tables import jobs

KILLS = 5
JOBS = 3
STEPS = 40


class Server:
    """`mynah serve` as an operator starts it, which can be killed and started anew."""

    def __init__(self, folder: Path, model: Path, port: int) -> None:
        settings = SETTINGS | {"lease_seconds": 2, "job_workers": JOBS}
        self.settings = Settings(data=folder, model=model, port=port, **settings)
        self.records = open_database(self.settings.database)
        secret = Keys(self.records).create("test", ["admin"])[1]
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"authorization": f"Bearer {secret}"},
            timeout=60,
        )
        self.start()

    def start(self) -> None:
        environment = self.settings.environment() | {
            "PYTHONPATH": str(Path(__file__).parent),
            "OMP_NUM_THREADS": "1",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mynah", "serve"], env=environment, stderr=subprocess.DEVNULL
        )

    def ready(self) -> bool:
        assert self.process.poll() is None, "the server ended"
        try:
            return self.client.get("/health/ready").is_success
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def workers(self) -> list[int]:
        """Process ids of those who hold a lease."""
        query = select(jobs.c.holder).where(jobs.c.state == "running")
        with self.records.connect() as connection:
            holders = [holder for holder in connection.scalars(query) if holder]
        pids = [int(holder.rpartition(":")[2]) for holder in holders]
        return [pid for pid in pids if worker_id(pid) in holders and alive(pid)]

    def states(self) -> set[str]:
        with self.records.connect() as connection:
            return set(connection.scalars(select(jobs.c.state)))


def alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.fixture
def server(tmp_path, tiny, free_port):
    server = Server(tmp_path, tiny, free_port)
    wait_until(server.ready, 300)
    yield server
    for pid in server.workers():
        os.kill(pid, signal.SIGKILL)
    server.client.close()
    server.kill()


def check(server, job, body, steps):
    assert body["state"] == "succeeded", body
    voice = body["voice"]
    listed = server.client.get(f"/v1/voices/{voice}/versions").json()["data"]
    assert [version["job"] for version in listed] == [None, job]
    (attempt,) = (server.settings.data / "versions" / voice / job).iterdir()
    assert json.loads((attempt / "steps.json").read_text()) == [*range(steps)]
    assert (attempt / "acoustic.pth").stat().st_size == 200_000
    assert not [*(server.settings.data / "versions").rglob("*.part")]
    # Whoever ended the job, late ones included, cleans up after its end is seen; the server does it
    # only once a minute.
    wait_until(lambda: not (server.settings.jobs / job).exists(), 20)


def test_kill_nine_at_random_moments(server, recording):
    draw = random.Random(time.time_ns())
    voices = [make_voice(server.client, recording, f"voice {number}") for number in range(JOBS)]
    plan = f"steps is {STEPS} pause is 0.15"
    ordered = [begin(server.client, voice, recording, plan) for voice in voices]
    for kill in range(KILLS):
        wait_until(server.workers, 300)
        time.sleep(draw.uniform(0, 1))
        if kill == 2:
            server.kill()
            server.start()
        os.kill(draw.choice(wait_until(server.workers, 300)), signal.SIGKILL)
    wait_until(server.ready, 300)
    ended = [wait_for(server.client, job) for job in ordered]
    for job, body in zip(ordered, ended, strict=True):
        check(server, job, body, STEPS)
    assert sum(body["attempts"] - 1 for body in ended) >= KILLS - 2


def test_a_worker_that_falls_asleep_wakes_up_to_nothing(server, recording):
    voice = make_voice(server.client, recording)
    job = begin(server.client, voice, recording, "steps is 20 pause is 0.1")
    (sleeper,) = wait_until(server.workers, 300)
    wait_until(lambda: server.client.get(f"/v1/jobs/{job}").json()["progress"]["percent"] > 20)
    os.kill(sleeper, signal.SIGSTOP)
    # A server kills its own children that lost their lease; this one is nobody's child now.
    server.kill()
    server.start()
    wait_until(lambda: set(server.workers()) - {sleeper}, 300)
    os.kill(sleeper, signal.SIGCONT)
    wait_until(server.ready, 300)
    body = wait_for(server.client, job)
    wait_until(lambda: not alive(sleeper))
    check(server, job, body, 20)
    assert body["attempts"] == 2


def test_a_server_that_is_stopped_lets_its_job_go_on_later(server, recording):
    voice = make_voice(server.client, recording)
    job = begin(server.client, voice, recording, "steps is 20 pause is 0.1")
    wait_until(lambda: server.client.get(f"/v1/jobs/{job}").json()["progress"]["percent"] > 20)
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(120)
    assert server.states() == {"queued"}
    server.start()
    wait_until(server.ready, 300)
    check(server, job, wait_for(server.client, job), 20)
