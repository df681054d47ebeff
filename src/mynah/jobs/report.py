"""Progress of a job: from its worker into the job's row and its events."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from mynah.jobs.leases import Lease, LeaseLostError, Leases
from mynah.runtime.logging import log_unexpected
from mynah.storage.outages import DATABASE_ERRORS

PAUSE = 1.0
"""Seconds between two writes of progress within a step."""
LONGEST_MESSAGE = 500


class JobStopped(Exception):  # noqa: N818 - nothing went wrong
    """The work stops early: it was requested, or another worker has the job."""


class JobReport:
    """Writes progress while the lease is held; all of it raises `JobStopped` once it is lost.

    Args:
        leases: of the database.
        lease: of the job.
        settle: syncs the attempt's folder to the disk.
        settled: called when the row names that folder.
    """

    def __init__(
        self,
        leases: Leases,
        lease: Lease,
        settle: Callable[[], None],
        settled: Callable[[], None],
    ) -> None:
        self._leases = leases
        self._lease = lease
        self._settle = settle
        self._settled = settled
        self._began: tuple[float, float] | None = None
        self._last = ("", 0.0)

    def progress(
        self, step: str, percent: float, losses: Mapping[str, float] | None = None
    ) -> None:
        """Report progress, in percent of the whole job; not every call is written."""
        at = time.monotonic()
        last_step, last_at = self._last
        if step == last_step and at - last_at < PAUSE:
            return
        self._last = step, at
        progress = {
            "step": step,
            "percent": round(percent, 2),
            "eta_seconds": self._left(at, percent),
            "losses": {name: float(loss) for name, loss in (losses or {}).items()},
        }
        with _tolerating_outage():
            self._leases.report(self._lease, "progress", progress, progress=progress)

    def message(self, text: str) -> None:
        """Send the job's caller a message of one line."""
        with _tolerating_outage():
            self._leases.report(self._lease, "message", {"text": text[:LONGEST_MESSAGE]})

    def checkpoint(self) -> None:
        """Have the next attempt, if there is one, continue from the folder as it is now."""
        self._settle()
        with _tolerating_outage():
            self._leases.keep(self._lease)
            self._settled()

    def _left(self, at: float, percent: float) -> int | None:
        """Seconds that the rest takes at the pace of this attempt."""
        self._began = self._began or (at, percent)
        began_at, began_with = self._began
        done = percent - began_with
        return round((at - began_at) * (100 - percent) / done) if done > 0 else None


@contextmanager
def _tolerating_outage() -> Iterator[None]:
    """Log it when the database is away for a moment: a report is not worth failing for."""
    try:
        yield
    except LeaseLostError as error:
        raise JobStopped from error
    except DATABASE_ERRORS as error:
        log_unexpected(error)
