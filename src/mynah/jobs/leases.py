"""Leases of jobs: exclusive rights to work on them, renewed by heartbeats."""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, func, or_, select, update

from mynah.jobs.events import Kind, record_event
from mynah.jobs.job import Job, job_of
from mynah.storage.claims import claim
from mynah.storage.clock import clock
from mynah.storage.database import now
from mynah.storage.tables import jobs


def worker_id(pid: int | None = None) -> str:
    """Identity of a process of this machine; of this one if none is given."""
    return f"{socket.gethostname()}:{os.getpid() if pid is None else pid}"


class LeaseLostError(Exception):
    """Somebody else works on the job, or it has ended."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on a job.

    Attributes:
        job: as it was when the lease was taken.
        fence: its number, greater than that of every earlier lease of the job.
    """

    job: Job
    fence: int

    @property
    def holds(self) -> ColumnElement[bool]:
        """Condition of the job's row for as long as nobody else has taken it."""
        return and_(jobs.c.id == self.job.id, jobs.c.fence == self.fence, jobs.c.state == "running")


def free() -> ColumnElement[bool]:
    """Condition of jobs that a worker should take."""
    return or_(jobs.c.state == "queued", abandoned())


def abandoned() -> ColumnElement[bool]:
    """Condition of jobs whose lease ran out."""
    return and_(jobs.c.state == "running", jobs.c.lease_until < clock())


class Leases:
    """The leases of a database.

    Args:
        records: the database.
        seconds: for which a lease is held without a heartbeat.
    """

    def __init__(self, records: Engine, seconds: float) -> None:
        self._records = records
        self.seconds = seconds

    def take(self, job_id: str, holder: str) -> Lease | None:
        """Take a job; None if it is taken, over, or not there."""
        facts = {
            "state": "running",
            "holder": holder,
            "fence": jobs.c.fence + 1,
            "lease_until": clock() + self.seconds,
            "attempts": jobs.c.attempts + 1,
            "fruitless": jobs.c.fruitless + 1,
            "started_at": func.coalesce(jobs.c.started_at, now()),
        }
        due = and_(jobs.c.id == job_id, free())
        with self._records.begin() as connection:
            for row in claim(connection, jobs, due, facts, jobs.c.id, limit=1):
                attempt = row["attempts"]
                record_event(connection, job_id, "state", state="running", attempt=attempt)
                return Lease(job_of(row), row["fence"])
        return None

    def renew(self, lease: Lease) -> bool:
        """Extend a lease.

        Returns:
            True if the job's cancellation was requested.

        Raises:
            LeaseLostError: it is somebody else's.
        """
        renewing = update(jobs).where(lease.holds).values(lease_until=clock() + self.seconds)
        with self._records.begin() as connection:
            cancelling = connection.execute(renewing.returning(jobs.c.cancelling)).scalar()
        if cancelling is None:
            raise LeaseLostError
        return cancelling

    def report(self, lease: Lease, kind: Kind, data: Mapping[str, Any], **facts: object) -> None:
        """Write an event, and facts of the job's row.

        Raises:
            LeaseLostError: the lease is somebody else's.
        """
        with self.holding(lease, **facts) as connection:
            record_event(connection, lease.job.id, kind, **data)

    def keep(self, lease: Lease) -> None:
        """Make the attempt's folder the one that the next attempt continues.

        Raises:
            LeaseLostError: the lease is somebody else's.
        """
        with self.holding(lease, checkpoint=lease.fence, fruitless=0):
            pass

    def release(self, lease: Lease) -> None:
        """Give the job back to the queue, as if this attempt had made progress.

        Raises:
            LeaseLostError: the lease is somebody else's already.
        """
        facts = {"state": "queued", "holder": None, "lease_until": None, "sent_at": None}
        with self.holding(lease, **facts, fruitless=0) as connection:
            record_event(connection, lease.job.id, "state", state="queued")

    @contextmanager
    def holding(self, lease: Lease, **facts: object) -> Iterator[Connection]:
        """A transaction that is committed only if the lease is still held.

        Args:
            lease: that must be held.
            facts: to write into the job's row.

        Raises:
            LeaseLostError: the lease is somebody else's.
        """
        with self._records.begin() as connection:
            # Writing takes the row's lock: until the end nobody else can take the lease.
            written = update(jobs).where(lease.holds).values(facts or {"fence": lease.fence})
            if not connection.execute(written).rowcount:
                raise LeaseLostError
            yield connection

    def waiting(self, limit: int) -> list[str]:
        """Ids of jobs that a worker should take: owners in turn, the oldest of each first.

        An owner whose jobs are being worked on has had as many turns.
        """
        oldest_first = (jobs.c.created_at, jobs.c.id)
        turn = func.row_number().over(partition_by=jobs.c.owner, order_by=oldest_first)
        others = jobs.alias()
        running = select(func.count()).where(
            others.c.owner == jobs.c.owner,
            others.c.state == "running",
            others.c.lease_until >= clock(),
        )
        order = (turn + running.scalar_subquery(), *oldest_first)
        query = select(jobs.c.id).where(free()).order_by(*order).limit(limit)
        with self._records.connect() as connection:
            return list(connection.scalars(query))

    def fence(self, job_id: str) -> int | None:
        """The fencing number of a job that a worker should take; None if none should."""
        query = select(jobs.c.fence).where(jobs.c.id == job_id, free())
        with self._records.connect() as connection:
            return connection.scalar(query)

    def holders(self) -> list[str]:
        """Identities of the workers that hold a lease now."""
        query = select(jobs.c.holder).where(jobs.c.state == "running", ~abandoned())
        with self._records.connect() as connection:
            return [holder for holder in connection.scalars(query) if holder]
