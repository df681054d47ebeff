"""Jobs in Celery workers on Redis: a message is a hint, and the row decides who gets the job.

A message that is lost is sent again, and one that comes twice finds the lease taken.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError
from sqlalchemy import Engine, RowMapping, and_, or_, update

from mynah.config import Settings
from mynah.errors import UnavailableError
from mynah.jobs.leases import free, worker_id
from mynah.jobs.worker import WorkerContext, run_attempt
from mynah.storage.claims import claim
from mynah.storage.clock import clock
from mynah.storage.tables import jobs

TASK = "mynah.job"
QUEUE = "mynah"
_TIMEOUT = 2.0


def open_celery(settings: Settings) -> Celery:
    """The Celery app of a broker; it can send the one task, and `add_task` has it done."""
    app = Celery("mynah", broker=settings.broker_url, set_as_current=False)
    app.conf.update(
        task_default_queue=QUEUE,
        task_ignore_result=True,
        # A message is done with when it is taken, and taken when somebody is free: the lease says
        # who works on the job, and a job that is abandoned is sent again. Kombu 5.7 cannot give
        # messages back to a Redis that is lost, and would end the worker over it.
        task_acks_late=False,
        worker_disable_prefetch=True,
        worker_prefetch_multiplier=1,
        # A process for each job: what it holds in memory or on a GPU goes with it.
        worker_max_tasks_per_child=1,
        # A lost Redis is no reason to lose hours of work: the lease is not in Redis.
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={"socket_timeout": 30, "socket_connect_timeout": _TIMEOUT},
        worker_hijack_root_logger=False,
    )

    return app


def add_task(
    app: Celery, open_context: Callable[[], AbstractContextManager[WorkerContext]]
) -> None:
    """Have an app work on jobs.

    Args:
        app: of a worker.
        open_context: called in the process of each job.
    """

    @app.task(name=TASK)
    def work(job_id: str) -> None:
        with open_context() as context:
            run_attempt(context, job_id, worker_id(), threading.Event())


class CeleryLauncher:
    """See `Launcher`."""

    def __init__(self, settings: Settings, records: Engine) -> None:
        self._app = open_celery(settings)
        self._records = records
        # A job that still waits after that is sent again; older messages of it are void by then.
        self._again = settings.lease_seconds

    def launch(self, job_ids: list[str]) -> None:
        """See `Launcher`; sends those that were not sent lately by any server.

        Raises:
            UnavailableError: the broker cannot be reached; they will be sent later.
        """
        while claimed := self._claim(job_ids):
            for row in claimed:
                self._send(row["id"])

    def close(self) -> None:
        """See `Launcher`; what works on jobs is elsewhere."""
        self._app.close()

    def _claim(self, job_ids: list[str]) -> Sequence[RowMapping]:
        unsent = or_(jobs.c.sent_at.is_(None), jobs.c.sent_at < clock() - self._again)
        due = and_(jobs.c.id.in_(job_ids), free(), unsent)
        with self._records.begin() as connection:
            return claim(connection, jobs, due, {"sent_at": clock()}, jobs.c.id, limit=1)

    def _send(self, job_id: str) -> None:
        options: dict[str, Any] = {"expires": self._again, "retry": False}
        try:
            self._app.send_task(TASK, (job_id,), **options)
        except OperationalError:
            with self._records.begin() as connection:
                connection.execute(update(jobs).where(jobs.c.id == job_id).values(sent_at=None))
            raise UnavailableError("The broker of jobs cannot be reached; they wait.") from None
