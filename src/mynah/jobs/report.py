"""Progress of a job: from the one who works on it into the job's row and its events."""

import time
from collections.abc import Callable, Mapping

from sqlalchemy.exc import SQLAlchemyError

from mynah.jobs.leases import Lease, LeaseLostError, Leases
from mynah.runtime.logging import log_unexpected

PAUSE = 1.0
"""Seconds between two writes of progress within a step."""
LONGEST_MESSAGE = 500


class JobStopped(Exception):  # noqa: N818 - nothing went wrong
    """The work ends before its end: it was told to, or the job is somebody else's."""


class JobReport:
    """Writes progress while the lease is held; all of it raises `JobStopped` once it is lost.

    Args:
        leases: of the database.
        lease: of the job.
        settle: has the attempt's folder written to the disk.
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
        self._told = ("", 0.0)

    def progress(
        self, step: str, percent: float, losses: Mapping[str, float] | None = None
    ) -> None:
        """Tell how far the work is, in percent of the whole job; not every call is written."""
        at = time.monotonic()
        told_step, told_at = self._told
        if step == told_step and at - told_at < PAUSE:
            return
        self._told = step, at
        progress = {
            "step": step,
            "percent": round(percent, 2),
            "eta_seconds": self._left(at, percent),
            "losses": {name: float(loss) for name, loss in (losses or {}).items()},
        }
        with _Bearing():
            self._leases.tell(self._lease, "progress", progress, progress=progress)

    def message(self, text: str) -> None:
        """Tell the job's caller something, in one line."""
        with _Bearing():
            self._leases.tell(self._lease, "message", {"text": text[:LONGEST_MESSAGE]})

    def checkpoint(self) -> None:
        """Have the next attempt, if there is one, begin with the folder as it is now."""
        self._settle()
        with _Bearing():
            self._leases.keep(self._lease)
            self._settled()

    def _left(self, at: float, percent: float) -> int | None:
        """Seconds that the rest takes at the pace of this attempt."""
        self._began = self._began or (at, percent)
        began_at, began_with = self._began
        done = percent - began_with
        return round((at - began_at) * (100 - percent) / done) if done > 0 else None


class _Bearing:
    """Bears it when the database is away for a moment: telling is not worth failing for."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, LeaseLostError):
            raise JobStopped from error
        if isinstance(error, SQLAlchemyError):
            log_unexpected(error)
            return True
        return False
