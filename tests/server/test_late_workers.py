"""Workers that sleep through their lease, at the worst moments, and wake up after the end."""

from dataclasses import replace

import pytest
from sqlalchemy import update
from training_jobs import IDLE, begin, make_voice, work

from mynah.jobs.folders import JobFolders
from mynah.jobs.leases import Leases
from mynah.server.versions.publishing import Publisher
from mynah.storage.tables import jobs


@pytest.fixture
def idle(start, monkeypatch, request):
    monkeypatch.setenv("PYTHONPATH", str(request.path.parent))
    return start(**IDLE)


@pytest.fixture
def sleep(idle, monkeypatch):
    """Sleeps once, for as long as another worker takes to do the job from its begin to its end."""
    slept = []

    def sleep(job):
        if slept:
            return
        slept.append(job)
        with monkeypatch.context() as asleep:
            asleep.setattr(Leases, "renew", lambda *_: False)  # its heartbeat sleeps, too
            with idle.services.stores.records.begin() as connection:
                connection.execute(update(jobs).where(jobs.c.id == job).values(lease_until=0))
            assert work(idle, job)

    return sleep


def before_its_folder(monkeypatch, sleep):
    begin_folder = JobFolders.begin

    def late(folders, job_id, *rest):
        sleep(job_id)
        return begin_folder(folders, job_id, *rest)

    monkeypatch.setattr(JobFolders, "begin", late)


def before_its_version(monkeypatch, sleep):
    publish = Publisher.publish

    def late(publisher, context, params, files):
        sleep(context.job.id)
        # A version without prompts of its own needs no file of the folder that is gone by now.
        publish(publisher, context, params, replace(files, prompts=()))

    monkeypatch.setattr(Publisher, "publish", late)


@pytest.mark.parametrize("moment", [before_its_folder, before_its_version])
def test_who_wakes_up_after_the_end_leaves_what_there_is_as_it_is(
    idle, recording, monkeypatch, sleep, moment
):
    client = idle.client()
    voice = make_voice(client, recording)
    job = begin(client, voice, recording, "steps is 4")
    moment(monkeypatch, sleep)
    work(idle, job)
    body = client.get(f"/v1/jobs/{job}").json()
    assert (body["state"], body["version"], body["attempts"]) == ("succeeded", 2, 2)
    settings = idle.services.settings
    assert not (settings.jobs / job).exists()
    (kept,) = (settings.data / "versions" / voice / job).iterdir()
    assert (kept / "acoustic.pth").stat().st_size == 200_000
    said = client.post("/v1/audio/speech", json={"voice": voice, "input": "Good morning."})
    assert (said.status_code, said.headers["x-voice-version"]) == (200, "2")
