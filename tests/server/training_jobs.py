"""A voice, a request for training, and waiting for a job's end."""

import threading
import time

from mynah.jobs.worker import run_attempt
from mynah.server.stores import open_worker

TRAINER = "slow_trainer:SlowTrainer"
SETTINGS = {
    "trainer": TRAINER,
    "train_shortest_seconds": 3,
    "lease_seconds": 3,
    "job_workers": 2,
    "shutdown_seconds": 5,
}
IDLE = SETTINGS | {"job_workers": 0}
"""A server that works on no job itself."""


def make_voice(client, recording, name="ann"):
    files = [("recordings", ("a.wav", recording(), "audio/wav"))]
    answer = client.post("/v1/voices", data={"name": name, "language": "en"}, files=files)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def train(client, voice, recording, plan="steps is 10", **data):
    files = [("recordings", ("a.wav", recording(), "audio/wav"))]
    form = {"text": plan, "language": "en", **data}
    return client.post(f"/v1/voices/{voice}/train", data=form, files=files)


def begin(client, voice, recording, plan="steps is 10", **data):
    answer = train(client, voice, recording, plan, **data)
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


def wait_for(client, job, *states, seconds=300):
    limit = time.monotonic() + seconds
    while True:
        body = client.get(f"/v1/jobs/{job}").json()
        if body["state"] in (states or ("succeeded", "failed", "cancelled")):
            return body
        assert time.monotonic() < limit, body
        time.sleep(0.05)


def wait_until(true, seconds=120):
    limit = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < limit
        time.sleep(0.05)
    return found


def work(server, job):
    """Works on a job in this process, for tests of what comes of it."""
    with open_worker(server.services.settings) as context:
        return run_attempt(context, job, "test", threading.Event())


def make_version(server, client, voice, recording, plan="steps is 1", **data):
    """A trained version, made in this process; the server has no workers of its own."""
    job = begin(client, voice, recording, plan, **data)
    work(server, job)
    body = client.get(f"/v1/jobs/{job}").json()
    assert body["state"] == "succeeded", body
    return body["version"]
