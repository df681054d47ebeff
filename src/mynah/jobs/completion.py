"""Completion of jobs: once, with an event, and with a webhook if the caller gave a URL."""

import logging

from sqlalchemy import ColumnElement, Connection, Engine, and_, update

from mynah.jobs.events import record_event
from mynah.jobs.job import JOB_COLUMNS, Job, State, job_of
from mynah.jobs.leases import free
from mynah.jobs.outbox import enqueue_webhook
from mynah.storage.database import now
from mynah.storage.tables import jobs


def complete_job(
    connection: Connection,
    which: ColumnElement[bool],
    state: State,
    *,
    error: dict[str, str] | None = None,
    version: int | None = None,
) -> Job | None:
    """End a job in a transaction of the caller's.

    Args:
        connection: of the transaction.
        which: the job, and all that must still be true of its row.
        state: the last one.
        error: `code` and `message`.
        version: that was made.

    Returns:
        The job, or None if no row meets the condition.
    """
    facts = {
        "state": state,
        "error": error,
        "version": version,
        "holder": None,
        "lease_until": None,
        "ended_at": now(),
        # A worker that does not know yet has a stale number from now on.
        "fence": jobs.c.fence + 1,
    }
    ending = update(jobs).where(which).values(facts).returning(*JOB_COLUMNS)
    ended = connection.execute(ending).mappings().first()
    if ended is None:
        return None
    job = job_of(ended)
    if job.state == "succeeded" and job.progress:
        record_event(connection, job.id, "progress", **job.known_progress)
    record_event(connection, job.id, "state", state=state, error=error, version=version)
    enqueue_webhook(connection, job)
    return job


MOST_FRUITLESS = 5
"""Most attempts in a row that end without a report and without a checkpoint."""
NOT_STARTED = "worker_not_started"
_log = logging.getLogger(__name__)


def count_spawn_failure(records: Engine, job_id: str, fence: int, how: str) -> int:
    """Count a process that ended without a lease, unless the job was taken since.

    Args:
        records: the database.
        job_id: of the job.
        fence: number that the job had when the process was started.
        how: the end of the process, in a few words.

    Returns:
        Attempts in a row without progress; 0 if the job is not to be tried again.
    """
    # With this number still on the row, no process took the lease, not even for a moment.
    untaken = and_(jobs.c.id == job_id, jobs.c.fence == fence, free())
    counting = update(jobs).where(untaken).values(fruitless=jobs.c.fruitless + 1)
    with records.begin() as connection:
        number = connection.execute(counting.returning(jobs.c.fruitless)).scalar() or 0
        if number:
            _log.error("worker did not start", extra={"job": job_id, "how": how, "times": number})
        if number < MOST_FRUITLESS:
            return number
        error = {
            "code": NOT_STARTED,
            "message": f"Its worker could not start ({how}), however often it was tried; "
            "look at the server's log, and retry the job.",
        }
        complete_job(connection, untaken, "failed", error=error)
    return 0
