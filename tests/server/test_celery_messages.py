"""Messages to Celery, by a broker in this process: each job is sent once by all servers."""

from contextlib import closing, nullcontext

import pytest
from sqlalchemy import update

from mynah.config import Settings
from mynah.errors import UnavailableError
from mynah.jobs.worker import WorkerContext
from mynah.server.access.keys import Caller
from mynah.server.stores import make_stores
from mynah.storage.clock import clock
from mynah.storage.tables import jobs

pytest.importorskip("celery", reason="celery is not installed: pip install 'mynah[cluster]'")
from kombu import Connection

from mynah.jobs.celery_workers import QUEUE, TASK, CeleryLauncher, add_task, open_celery

OPERATOR = Caller("operator", ("admin",))


@pytest.fixture
def stores(tmp_path):
    settings = Settings(data=tmp_path / "data", broker_url="memory://", lease_seconds=60)
    with closing(make_stores(settings)) as stores:
        yield stores


@pytest.fixture
def order(stores):
    def order():
        with stores.records.begin() as connection:
            return stores.jobs.add(connection, OPERATOR, "train", "ljspeech", {}, None)

    return order


def messages(queue):
    """Takes the messages of the broker, and gives the jobs that they name."""
    with Connection("memory://") as connection, connection.SimpleQueue(queue) as waiting:
        found = []
        while waiting.qsize():
            message = waiting.get()
            message.ack()
            found.append(message.payload[0][0])
        return found


def test_servers_send_a_job_once_until_that_was_long_ago(stores, order):
    launchers = [CeleryLauncher(stores.settings, stores.records) for _ in range(2)]
    ids = [order() for _ in range(3)]
    for launcher in launchers:
        launcher.launch(ids)
    assert messages(QUEUE) == ids
    with stores.records.begin() as connection:
        connection.execute(update(jobs).where(jobs.c.id == ids[1]).values(sent_at=clock() - 61))
    for launcher in launchers:
        launcher.launch(ids)
    assert messages(QUEUE) == [ids[1]]


def test_what_a_lost_broker_does_not_take_is_sent_later(stores, order):
    lost = stores.settings.model_copy(update={"broker_url": "redis://127.0.0.1:9"})
    ids = [order() for _ in range(2)]
    with pytest.raises(UnavailableError):
        CeleryLauncher(lost, stores.records).launch(ids)
    CeleryLauncher(stores.settings, stores.records).launch(ids)
    assert messages(QUEUE) == ids


def test_a_worker_does_the_job_that_a_message_names(stores, order):
    app, attempts = open_celery(stores.settings), []

    class Kind:
        name = title = "train"

        def run(self, context):
            attempts.append(context.job.id)
            context.commit(lambda _: None)

    context = WorkerContext(stores.records, stores.leases, stores.job_folders, {"train": Kind()})
    add_task(app, lambda: nullcontext(context))
    job = order()
    for _ in range(2):  # the second one comes too late
        app.tasks[TASK](job)
    assert attempts == [job]
