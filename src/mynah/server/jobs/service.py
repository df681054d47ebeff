"""Job service: callers list, cancel and retry their jobs."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    func,
    insert,
    or_,
    select,
    update,
)

from mynah.jobs.completion import complete_job
from mynah.jobs.events import record_event
from mynah.jobs.job import JOB_COLUMNS, UNDER_WAY, Job, job_of
from mynah.jobs.leases import abandoned
from mynah.server.access.idempotency import reserved_id
from mynah.server.access.keys import Caller
from mynah.server.access.ownership import owned_by
from mynah.server.errors import JobEndedError, JobLimitError, JobNotEndedError, JobNotFoundError
from mynah.storage.clock import advisory_lock
from mynah.storage.database import new_id, now
from mynah.storage.tables import jobs

_RETRY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class JobPage:
    """Jobs, the latest first; `more` is true if others follow."""

    jobs: Sequence[Job]
    more: bool


class JobService:
    """The jobs of a database. Callers see their owner's; those with the scope `admin` see all.

    Args:
        records: the database.
        most: jobs that a caller may have queued or running at a time.
    """

    def __init__(self, records: Engine, most: int) -> None:
        self._records = records
        self._most = most

    def get(self, caller: Caller, job_id: str) -> Job:
        """A job of a caller.

        Raises:
            JobNotFoundError: they have none of this id.
        """
        with self._records.connect() as connection:
            return _get(connection, owned_by(jobs, caller) & (jobs.c.id == job_id))

    def made_before(self, caller: Caller) -> Job | None:
        """The job that this very write made before its process ended, if it did."""
        made = reserved_id("job")
        if made is None:
            return None
        with suppress(JobNotFoundError):
            return self.get(caller, made)
        return None

    def page(self, caller: Caller, before: str = "", limit: int = 20) -> JobPage:
        """A caller's jobs whose ids come before one, at most `limit`."""
        query = (
            select(*JOB_COLUMNS)
            .where(owned_by(jobs, caller))
            .order_by(jobs.c.id.desc())
            .limit(limit + 1)
        )
        if before:
            query = query.where(jobs.c.id < before)
        with self._records.connect() as connection:
            found = [job_of(row) for row in connection.execute(query).mappings()]
        return JobPage(found[:limit], len(found) > limit)

    def check_room(self, caller: Caller) -> None:
        """Check before anything is read that there is room for one more job.

        Raises:
            JobLimitError: there is none.
        """
        with self._records.connect() as connection:
            self._check_room(connection, caller.id)

    def add(
        self,
        connection: Connection,
        caller: Caller,
        kind: str,
        voice_id: str,
        request: Mapping[str, Any],
        callback_url: str | None,
    ) -> str:
        """Make a job in a transaction of the caller's, whose first write this must be.

        Returns:
            Its id.

        Raises:
            JobLimitError: it is one too many.
        """
        advisory_lock(connection, f"jobs of {caller.id}")
        row = {
            "id": reserved_id("job") or new_id("job"), "kind": kind, "caller": caller.id,
            "voice_id": voice_id, "request": request, "callback_url": callback_url,
            "state": "queued", "progress": {},
            "attempts": 0, "fruitless": 0, "cancelling": False, "fence": 0, "created_at": now(),
            "owner": caller.owner,
        }  # fmt: skip
        # Written before it is counted: SQLite has one writer from its first write on.
        connection.execute(insert(jobs).values(row))
        self._check_room(connection, caller.id, itself=1)
        record_event(connection, str(row["id"]), "state", state="queued")
        return str(row["id"])

    def cancel(self, caller: Caller, job_id: str) -> Job:
        """Cancel a job: at once if nobody works on it, else within seconds.

        Raises:
            JobNotFoundError: they have none of this id.
            JobEndedError: it is over.
        """
        seen = owned_by(jobs, caller) & (jobs.c.id == job_id)
        idle = or_(jobs.c.state == "queued", abandoned())
        asking = update(jobs).where(seen, jobs.c.state == "running").values(cancelling=True)
        with self._records.begin() as connection:
            ended = complete_job(connection, seen & idle, "cancelled")
            if ended or connection.execute(asking).rowcount:
                return _get(connection, seen)
            job = _get(connection, seen)
        raise JobEndedError(f"The job has {job.state} already; there is nothing to cancel.")

    def retry(self, caller: Caller, job_id: str) -> Job:
        """Queue a job again that failed or was cancelled; it goes on from its checkpoint.

        Raises:
            JobNotFoundError: they have none of this id.
            JobNotEndedError: it is under way, or it succeeded.
            JobLimitError: it is one too many.
        """
        seen = owned_by(jobs, caller) & (jobs.c.id == job_id)
        facts = {
            "state": "queued", "error": None, "fruitless": 0, "cancelling": False,
            "sent_at": None, "ended_at": None, "fence": jobs.c.fence + 1,
        }  # fmt: skip
        queueing = update(jobs).where(seen, jobs.c.state.in_(("failed", "cancelled")))
        with self._records.begin() as connection:
            advisory_lock(connection, f"jobs of {caller.id}")
            if connection.execute(queueing.values(facts)).rowcount:
                job = _get(connection, seen)
                self._check_room(connection, job.caller, itself=1)
                record_event(connection, job_id, "state", state="queued")
                return job
            job = _get(connection, seen)
        raise JobNotEndedError(
            f"The job is {job.state}; only one that failed or was cancelled can be tried again."
        )

    def _check_room(self, connection: Connection, caller_id: str, itself: int = 0) -> None:
        counting = select(func.count()).where(
            jobs.c.caller == caller_id, jobs.c.state.in_(UNDER_WAY)
        )
        if connection.execute(counting).scalar_one() - itself >= self._most:
            raise JobLimitError(
                f"This key has {self._most} jobs under way, the most it may; "
                "wait until one is over, or cancel one.",
                _RETRY_SECONDS,
            )


def _get(connection: Connection, which: ColumnElement[bool]) -> Job:
    found = connection.execute(select(*JOB_COLUMNS).where(which)).mappings().first()
    if found is None:
        raise JobNotFoundError("There is no such job; GET /v1/jobs or `mynah jobs list` has it.")
    return job_of(found)
