"""Jobs of a kind that is not training: leases, checkpoints, events and the end are shared."""

import threading
from contextlib import closing

import pytest

from mynah.config import Settings
from mynah.errors import RecordingError
from mynah.jobs.report import JobStopped
from mynah.jobs.worker import WorkerContext, run_attempt
from mynah.server.access.keys import Caller
from mynah.server.stores import make_stores

OPERATOR = Caller("operator", ("admin",))


class Counting:
    """Counts to the number that is asked for, a checkpoint each, and goes on where it was."""

    name = "count"
    title = "counting"

    def __init__(self):
        self.began = []
        self.at_three = lambda: None

    def run(self, context):
        file = context.folder / "count"
        count = int(file.read_text()) if file.exists() else 0
        self.began.append(count)
        while count < context.job.request["to"]:
            if context.should_stop():
                raise JobStopped
            count += 1
            file.write_text(str(count))
            context.report.checkpoint()
            context.report.progress("counting", 100 * count / context.job.request["to"])
            if count == 3:
                self.at_three()
        context.report.message(f"counted to {count}")
        context.commit(lambda _: None)


@pytest.fixture
def stores(tmp_path):
    with closing(make_stores(Settings(data=tmp_path / "data"))) as stores:
        yield stores


@pytest.fixture
def order(stores):
    def order(kind="count"):
        with stores.records.begin() as connection:
            return stores.jobs.add(connection, OPERATOR, kind, "ljspeech", {"to": 5}, None)

    return order


@pytest.fixture
def work(stores):
    def work(job, kind, stopping=None):
        kinds = {kind.name: kind}
        context = WorkerContext(stores.records, stores.leases, stores.job_folders, kinds)
        assert run_attempt(context, job, "test", stopping or threading.Event())
        return stores.jobs.get(OPERATOR, job)

    return work


def states(stores, job):
    return [each.data["state"] for each in stores.job_events.after(job, 0) if each.kind == "state"]


def test_a_job_of_another_kind_is_worked_on_to_its_end(stores, order, work):
    ended = work(job := order(), Counting())
    assert (ended.kind, ended.state, ended.version, ended.attempts) == (
        "count", "succeeded", None, 1,
    )  # fmt: skip
    assert states(stores, job) == ["queued", "running", "succeeded"]
    assert [each.data["text"] for each in stores.job_events.messages(job)] == ["counted to 5"]
    assert stores.job_folders.jobs() == []


def test_it_waits_where_its_process_is_stopped_and_goes_on_there(stores, order, work):
    kind, stopping = Counting(), threading.Event()
    kind.at_three = stopping.set
    assert work(job := order(), kind, stopping).state == "queued"
    assert work(job, kind).state == "succeeded"
    assert kind.began == [0, 3]


def test_it_is_cancelled_and_retried(stores, order, work):
    kind, job = Counting(), order()

    def cancel():
        stores.jobs.cancel(OPERATOR, job)
        raise JobStopped

    kind.at_three = cancel
    assert work(job, kind).state == "queued"
    assert work(job, kind).state == "cancelled"
    kind.at_three = lambda: None
    stores.jobs.retry(OPERATOR, job)
    assert work(job, kind).state == "succeeded"
    assert kind.began == [0, 3]


def test_an_error_of_its_own_ends_it_with_its_code(stores, order, work):
    def fail():
        raise RecordingError("There is nothing to count; send something.")

    kind = Counting()
    kind.at_three = fail
    failed = work(order(), kind)
    assert failed.error == {
        "code": "invalid_recording",
        "message": "There is nothing to count; send something.",
    }


def test_a_kind_that_no_worker_knows_fails_in_one_line(order, work):
    failed = work(order("dream"), Counting())
    assert (failed.state, failed.error["code"]) == ("failed", "not_supported")
    assert "dream" in failed.error["message"]
    assert "\n" not in failed.error["message"]
