"""Child processes that end before they take their job: tried again, and given up with a reason."""

import json
import sys

import pytest
from training_jobs import SETTINGS, begin, make_voice, wait_for

from mynah.jobs import child_processes
from mynah.jobs.leases import Leases

STARTS = 5
"""After which a job is given up."""
NOTED = """
import pathlib
noted = pathlib.Path(__file__).with_name("starts.txt")
with noted.open("a") as file:
    print("start", file=file)
starts = len(noted.read_text().splitlines())
"""
"""A child's module that records its start."""


@pytest.fixture
def modules(tmp_path, monkeypatch, request):
    """A folder of modules that go before all others in children, and in them alone."""
    folder = tmp_path / "modules"
    folder.mkdir()
    monkeypatch.setenv("PYTHONPATH", f"{folder}:{request.path.parent}")
    monkeypatch.setattr(child_processes, "FIRST_PAUSE", 0.01)
    return folder


def starts(modules):
    return len((modules / "starts.txt").read_text().splitlines())


def unable_to_import(modules, _):
    (modules / "typer.py").write_text(f"{NOTED}\nraise ImportError('typer is broken')")


def killed_at_once(modules, _):
    (modules / "sitecustomize.py").write_text(f"{NOTED}\nimport os\nos.kill(os.getpid(), 9)")


def without_python(modules, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(modules / "python"))


@pytest.mark.parametrize(
    "breaking, reason",
    [
        (unable_to_import, "exit code 1"),
        (killed_at_once, "it was killed, perhaps for want of memory"),
        (without_python, "No such file or directory"),
    ],
)
def test_a_job_whose_worker_never_starts_fails_and_says_why(
    start, recording, modules, monkeypatch, breaking, reason
):
    with monkeypatch.context() as patch:
        breaking(modules, patch)
        server = start(**SETTINGS, webhook_networks=["127.0.0.0/8"])
        client = server.client()
        client.post("/v1/webhooks/secret")
        voice = make_voice(client, recording)
        job = begin(client, voice, recording, callback_url="http://127.0.0.1:9/hook")
        body = wait_for(client, job)
    assert (body["state"], body["attempts"]) == ("failed", 0)
    assert body["error"]["code"] == "worker_not_started"
    assert f"could not start ({reason})" in body["error"]["message"]
    assert "log" in body["error"]["message"]
    if breaking is not without_python:
        assert starts(modules) == STARTS
    (told,) = client.get("/v1/webhooks/deliveries").json()["data"]
    assert told["job"] == job
    *_, last = client.get(f"/v1/jobs/{job}/events").text.strip().split("\n\n")
    said = json.loads(last.partition("data: ")[2])
    assert (said["state"], said["error"]) == ("failed", body["error"])
    for module in modules.iterdir():
        module.unlink()
    assert client.post(f"/v1/jobs/{job}/retry").status_code == 202
    assert wait_for(client, job)["state"] == "succeeded"


def test_a_worker_that_starts_at_last_does_its_job(start, recording, modules):
    (modules / "sitecustomize.py").write_text(f"{NOTED}\nif starts < 3:\n    raise SystemExit(3)")
    client = start(**SETTINGS).client()
    job = begin(client, make_voice(client, recording), recording)
    body = wait_for(client, job)
    assert (body["state"], body["attempts"]) == ("succeeded", 1)
    assert starts(modules) == 3


def test_a_job_that_cannot_start_keeps_no_other_waiting(start, recording, modules, monkeypatch):
    monkeypatch.setattr(child_processes, "FIRST_PAUSE", 600)
    (modules / "sitecustomize.py").write_text(f"{NOTED}\nif starts < 2:\n    raise SystemExit(3)")
    client = start(**SETTINGS | {"job_workers": 1}).client()
    voice = make_voice(client, recording)
    first, second = (begin(client, voice, recording, "steps is 1") for _ in range(2))
    assert wait_for(client, second)["state"] == "succeeded"
    assert client.get(f"/v1/jobs/{first}").json()["state"] == "queued"
    client.post(f"/v1/jobs/{first}/cancel")
    assert client.post(f"/v1/jobs/{first}/retry").status_code == 202
    assert wait_for(client, first)["state"] == "succeeded"


def test_a_worker_that_took_its_job_since_the_list_of_jobs_was_read_goes_on(
    start, recording, modules, monkeypatch
):
    waiting, latest = Leases.waiting, []

    def read_a_moment_ago(leases, most):
        before = [*latest]
        latest[:] = waiting(leases, most)
        return [*dict.fromkeys([*before, *latest])]

    monkeypatch.setattr(Leases, "waiting", read_a_moment_ago)
    client = start(**SETTINGS).client()
    job = begin(client, make_voice(client, recording), recording)
    body = wait_for(client, job)
    assert (body["state"], body["attempts"]) == ("succeeded", 1)
