"""How a job ends: once, with an event, and with a webhook if its caller wants one."""

from sqlalchemy import ColumnElement, Connection, update

from mynah.service.jobs.events import tell_of
from mynah.service.jobs.job import Job, State, job_of, job_rows
from mynah.service.webhooks.outbox import put_into_outbox
from mynah.storage.database import now
from mynah.storage.tables import jobs


def end_job(
    connection: Connection,
    which: ColumnElement[bool],
    state: State,
    *,
    error: dict[str, str] | None = None,
    version: int | None = None,
) -> Job | None:
    """Ends a job in a transaction of the caller's.

    Args:
        connection: of the transaction.
        which: the job, and all that must still be true of it.
        state: how it ends.
        error: `code` and `message`.
        version: that came of it.

    Returns:
        The job, or None if there is none of which all that is true.
    """
    facts = {
        "state": state,
        "error": error,
        "version": version,
        "holder": None,
        "lease_until": None,
        "ended_at": now(),
        # Whoever worked on it and does not know yet has a stale number from now on.
        "fence": jobs.c.fence + 1,
    }
    ended = connection.execute(update(jobs).where(which).values(facts).returning(jobs.c.id))
    job_id = ended.scalar()
    if job_id is None:
        return None
    job = job_of(connection.execute(job_rows().where(jobs.c.id == job_id)).mappings().one())
    tell_of(connection, job.id, "state", state=state, error=error, version=version)
    put_into_outbox(connection, job)
    return job
