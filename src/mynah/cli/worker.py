"""`mynah worker`."""

import logging.config
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from mynah.config import Settings
from mynah.errors import OptionError
from mynah.jobs.dispatch import missing_celery
from mynah.jobs.leases import worker_id
from mynah.jobs.worker import run_attempt
from mynah.runtime.logging import log_config
from mynah.runtime.wait_policy import CHOICES
from mynah.server.stores import open_worker

NICENESS = 5
"""Speech is latency-critical, training is not."""


def sleep_while_waiting() -> None:
    """Have waiting OpenMP threads sleep, unless the user has chosen a wait policy.

    Jobs leave the cores to speech. libgomp reads this once, when torch is loaded.
    """
    if not any(name in os.environ for name in CHOICES):
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"


def work_once(settings: Settings, job_id: str) -> None:
    """Work on one job, unless it is claimed already; SIGTERM ends it at its next checkpoint."""
    sleep_while_waiting()
    logging.config.dictConfig(log_config())
    os.nice(NICENESS)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with open_worker(settings) as context:
        run_attempt(context, job_id, worker_id(), stopping)


def work(settings: Settings) -> None:
    """Take jobs from the broker until stopped.

    Raises:
        OptionError: there is no broker, or Celery is not installed.
        StorageError: the server's data cannot be used; a worker never upgrades them.
    """
    if not settings.broker_url:
        raise OptionError(
            "There is no broker, so the server works on jobs itself; set MYNAH_BROKER_URL to "
            "a Redis to have workers do it."
        )
    try:
        from mynah.jobs.celery_workers import QUEUE, add_task, open_celery  # noqa: PLC0415 - an extra
    except ImportError:
        raise missing_celery() from None
    sleep_while_waiting()
    logging.config.dictConfig(log_config())
    # So that data that cannot be used end it now, and not with the first job. Not in this process:
    # clients of object stores start threads, and jobs are forks of it, in which these are not.
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as trial:
        trial.submit(_open, settings).result()
    # Workers need not know of each other: what they share is in the table of jobs.
    alone = ["--without-gossip", "--without-mingle"]
    size = ["--concurrency", str(settings.job_workers)]
    app = open_celery(settings)
    add_task(app, partial(open_worker, settings))
    app.worker_main(["--quiet", "worker", "--queues", QUEUE, *size, *alone])


def _open(settings: Settings) -> None:
    with open_worker(settings):
        pass
