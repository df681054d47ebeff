"""One attempt at a job, in a child process or a Celery worker alike."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from mynah.errors import BlobsUnavailableError, MynahError, UnavailableError, UnsupportedError
from mynah.jobs.completion import MOST_FRUITLESS, complete_job
from mynah.jobs.folders import JobFolders, clear_after_loss
from mynah.jobs.heartbeat import Heartbeat
from mynah.jobs.job import State
from mynah.jobs.kind import JobContext, JobKind
from mynah.jobs.leases import Lease, LeaseLostError, Leases
from mynah.jobs.report import JobReport, JobStopped
from mynah.runtime.files import is_disk_full
from mynah.runtime.logging import log_unexpected
from mynah.storage.outages import DATABASE_ERRORS

DIED, DEFECT = "worker_died", "internal_error"
"""Error codes whose details are in a log."""
WRITING_SECONDS = 60.0
"""For which writing the end of a job is retried, while the database is away."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class WorkerContext:
    """Stores and kinds that an attempt needs.

    Attributes:
        records: the database.
        leases: of it.
        folders: of the attempts.
        kinds: of jobs that can be worked on, by name.
    """

    records: Engine
    leases: Leases
    folders: JobFolders
    kinds: Mapping[str, JobKind]


def run_attempt(
    context: WorkerContext, job_id: str, holder: str, stopping: threading.Event
) -> bool:
    """Work on a job until it is over, lost, or this process is to stop.

    Args:
        context: of this process.
        job_id: of the job.
        holder: identity of this process.
        stopping: set when this process is to end; the job then waits for another one.

    Returns:
        False if another worker has it, or it is over.
    """
    lease = context.leases.take(job_id, holder)
    if lease is None:
        _log.info("job is taken", extra={"job": job_id})
        return False
    _log.info("job begins", extra={"job": job_id, "attempt": lease.job.attempts})
    with Heartbeat(context.leases, lease, stopping) as heartbeat:
        try:
            outcome = _Attempt(context, lease, heartbeat).run()
        except LeaseLostError:
            outcome = "lost"
            clear_after_loss(context.records, context.folders, job_id)
    _log.info("job ends", extra={"job": job_id, "outcome": outcome})
    return True


class _Attempt:
    def __init__(self, context: WorkerContext, lease: Lease, heartbeat: Heartbeat) -> None:
        self._context = context
        self._lease = lease
        self._job = lease.job
        self._heartbeat = heartbeat

    def run(self) -> str:
        """Make the attempt, and return its outcome for the log.

        Raises:
            LeaseLostError: another worker has the job now.
        """
        if self._job.fruitless > MOST_FRUITLESS:
            return self._fail(
                DIED,
                f"Its process ended {MOST_FRUITLESS} times at the same place without a word, "
                "perhaps for want of memory; look at the server's log, and retry the job.",
            )
        try:
            return self._work(self._kind())
        except JobStopped:
            return self._stop()
        except (LeaseLostError, BlobsUnavailableError, *DATABASE_ERRORS):
            # What is away comes back: the lease runs out, and somebody goes on from the checkpoint.
            raise
        except MynahError as error:
            return self._fail(error.code, str(error))
        except OSError as error:
            log_unexpected(error)
            return self._fail(*_of_disk(error))
        except Exception as error:  # a defect of the kind's; the next job may be well
            log_unexpected(error)
            message = f"The {self._kind().title} failed; the error is in the server's log."
            return self._fail(DEFECT, message)

    def _kind(self) -> JobKind:
        try:
            return self._context.kinds[self._job.kind]
        except KeyError:
            raise UnsupportedError(
                f"This worker does not know jobs of the kind {self._job.kind:.80}; "
                "bring all workers to the server's version, and retry the job."
            ) from None

    def _work(self, kind: JobKind) -> str:
        if self._heartbeat.should_stop():
            raise JobStopped
        job, fence, folders = self._job, self._lease.fence, self._context.folders
        report = JobReport(
            self._context.leases,
            self._lease,
            settle=lambda: folders.settle(job.id, fence),
            settled=lambda: folders.keep_only(job.id, fence),
        )
        folder = folders.begin(job.id, fence, job.checkpoint)
        if job.checkpoint is None:
            folders.keep_only(job.id, fence)
        else:
            # The copy is as good as what it was copied from.
            report.checkpoint()
        kind.run(JobContext(job, fence, folder, report, self._heartbeat.should_stop, self._commit))
        folders.remove_up_to(job.id, fence)
        return "succeeded"

    def _commit(self, write: Callable[[Connection], int | None]) -> None:
        with self._context.leases.holding(self._lease) as connection:
            version = write(connection)
            complete_job(connection, self._lease.holds, "succeeded", version=version)

    def _stop(self) -> str:
        if self._heartbeat.lost:
            raise LeaseLostError
        if self._heartbeat.cancelled:
            self._end("cancelled")
            return "cancelled"
        self._context.leases.release(self._lease)
        return "released"

    def _fail(self, code: str, message: str) -> str:
        self._end("failed", {"code": code, "message": message})
        return "failed"

    def _end(self, state: State, error: dict[str, str] | None = None) -> None:
        until = time.monotonic() + WRITING_SECONDS
        while True:
            try:
                with self._context.records.begin() as connection:
                    if complete_job(connection, self._lease.holds, state, error=error) is None:
                        raise LeaseLostError
                return
            except UnavailableError:
                if time.monotonic() > until:
                    raise
                time.sleep(1)


def _of_disk(error: OSError) -> tuple[str, str]:
    if is_disk_full(error):
        return "disk_full", "The disk is full; free some space, and retry the job."
    why = error.strerror or type(error).__name__
    return "disk_error", f"A file could not be read or written ({why}); retry the job."
