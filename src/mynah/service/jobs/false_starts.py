"""Processes that ended before they took their job on: counted, and in the end the job is given up.

The count is that of attempts which came to nothing, in the job's row: a server that is started anew
goes on counting, and a job that is tried again begins at nought.
"""

import logging

from sqlalchemy import Engine, and_, update

from mynah.service.jobs.attempt import MOST_FRUITLESS
from mynah.service.jobs.endings import end_job
from mynah.service.jobs.leases import free
from mynah.storage.tables import jobs

NOT_STARTED = "worker_not_started"

_log = logging.getLogger(__name__)


def count_false_start(records: Engine, job_id: str, fence: int, how: str) -> int:
    """Counts one, unless somebody has taken the job on since.

    Args:
        records: the database.
        job_id: of the job.
        fence: number that the job had when the process was started.
        how: the process ended, in a few words.

    Returns:
        Attempts in a row that came to nothing; 0 if there is nothing to be tried again.
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
        end_job(connection, untaken, "failed", error=error)
    return 0
