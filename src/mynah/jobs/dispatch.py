"""Dispatch of jobs: a thread that has waiting and abandoned ones worked on."""

import threading
from typing import BinaryIO, Protocol

from sqlalchemy import Engine

from mynah.config import Settings
from mynah.errors import OptionError
from mynah.jobs.child_processes import ChildProcesses
from mynah.jobs.leases import Leases
from mynah.runtime.logging import log_unexpected

PAUSE = 0.5
"""Seconds between two queries of the table: nothing announces an abandoned job."""
BATCH = 100


class Launcher(Protocol):
    """Starts workers; it may be given the same job again and again."""

    def launch(self, job_ids: list[str]) -> None:
        """Start work on jobs, the first ones first, as far as there is room."""

    def close(self) -> None:
        """End the workers of this process; their jobs then wait."""


class JobDispatcher:
    """Starts work on jobs until it is closed."""

    def __init__(self, leases: Leases, launcher: Launcher) -> None:
        self._leases = leases
        self._launcher = launcher
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop; running jobs wait for another process."""
        self._closing.set()
        self._thread.join()
        self._launcher.close()

    def _run(self) -> None:
        while not self._closing.wait(PAUSE):
            try:
                self._launcher.launch(self._leases.waiting(BATCH))
            except Exception as error:  # the database or the broker is away: the next time will do
                log_unexpected(error)


def missing_celery() -> OptionError:
    """The error where a broker is set and Celery, an extra, is not installed."""
    return OptionError("MYNAH_BROKER_URL needs Celery; run `pip install 'mynah[cluster]'`.")


def open_launcher(
    settings: Settings, records: Engine, leases: Leases, log: BinaryIO | None = None
) -> Launcher:
    """The launcher that settings ask for.

    Args:
        settings: with the broker, if there is one.
        records: the database.
        leases: of it.
        log: of children; this process's own if not given.

    Raises:
        OptionError: there is a broker, and Celery is not installed.
    """
    if not settings.broker_url:
        return ChildProcesses(settings, records, leases, log)
    try:
        from mynah.jobs.celery_workers import CeleryLauncher  # noqa: PLC0415 - an extra
    except ImportError:
        raise missing_celery() from None
    return CeleryLauncher(settings, records)
