"""Events of jobs, in order; each is written in the transaction that changes the job's row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Engine, func, insert, select

from mynah.storage.database import now
from mynah.storage.tables import job_events

Kind = Literal["state", "progress", "message"]


@dataclass(frozen=True, slots=True)
class JobEvent:
    """An event of a job.

    Attributes:
        id: grows from event to event of a job.
        kind: `state`, `progress` or `message`.
        data: its fields.
        created_at: seconds since 1970.
    """

    id: int
    kind: Kind
    data: Mapping[str, Any]
    created_at: int


def record_event(connection: Connection, job_id: str, kind: Kind, **data: object) -> None:
    """Write an event in the transaction of its change.

    The transaction must have changed the job's row before, so that the events of a job come in
    the order of their ids.
    """
    connection.execute(
        insert(job_events).values(job_id=job_id, kind=kind, data=data, created_at=now())
    )


class JobEvents:
    """The events of a database."""

    def __init__(self, records: Engine) -> None:
        self._records = records

    def after(self, job_id: str, event_id: int, limit: int = 100) -> Sequence[JobEvent]:
        """Events of a job that came after one, the oldest first."""
        table = job_events.c
        query = (
            select(table.id, table.kind, table.data, table.created_at)
            .where(table.job_id == job_id, table.id > event_id)
            .order_by(table.id)
            .limit(limit)
        )
        with self._records.connect() as connection:
            return [JobEvent(**row) for row in connection.execute(query).mappings()]

    def last(self, job_id: str) -> int:
        """The id of a job's latest event."""
        query = select(func.max(job_events.c.id)).where(job_events.c.job_id == job_id)
        with self._records.connect() as connection:
            return connection.scalar(query) or 0

    def messages(self, job_id: str, limit: int = 50) -> Sequence[JobEvent]:
        """The last messages of a job, the oldest first."""
        table = job_events.c
        query = (
            select(table.id, table.kind, table.data, table.created_at)
            .where(table.job_id == job_id, table.kind == "message")
            .order_by(table.id.desc())
            .limit(limit)
        )
        with self._records.connect() as connection:
            rows = connection.execute(query).mappings().all()
        return [JobEvent(**row) for row in reversed(rows)]
