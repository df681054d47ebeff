"""Forgets what jobs left behind, when nobody can go on from it any more."""

from sqlalchemy import Engine, and_, delete, or_, select

from mynah.service.jobs.folders import JobFolders
from mynah.storage.database import now
from mynah.storage.tables import job_events, jobs


def clear_jobs(records: Engine, folders: JobFolders, seconds: float) -> None:
    """Removes folders of jobs that succeeded, and of others that ended long ago.

    The rows stay, and so does what the jobs said; how far they were by the second does not.

    Args:
        records: the database.
        folders: of the jobs.
        seconds: after its end for which a job can be tried again from its checkpoint.
    """
    before = now() - seconds
    given_up = and_(jobs.c.state.in_(("failed", "cancelled")), jobs.c.ended_at < before)
    over = or_(jobs.c.state == "succeeded", given_up)
    with records.connect() as connection:
        query = select(jobs.c.id).where(jobs.c.id.in_(folders.jobs()), over)
        found = connection.scalars(query).all()
    for job_id in found:
        folders.remove(job_id)
    old = job_events.c.kind == "progress", job_events.c.created_at < before
    with records.begin() as connection:
        connection.execute(delete(job_events).where(*old))


def clear_after_loss(records: Engine, folders: JobFolders, job_id: str) -> None:
    """Removes what a worker wrote for a job that another one made succeed meanwhile.

    That other one has removed the job's folder, but knows nothing of what is written later. In the
    folder of any other job the next attempt may be at work: that one, or `clear_jobs`, cleans up.

    Args:
        records: the database.
        folders: of the jobs.
        job_id: of the job whose lease was lost.
    """
    query = select(jobs.c.id).where(jobs.c.id == job_id, jobs.c.state == "succeeded")
    with records.connect() as connection:
        succeeded = connection.scalar(query) is not None
    if succeeded:
        folders.remove(job_id)
