"""A job as it is listed."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from sqlalchemy import RowMapping

from mynah.storage.tables import jobs

State = Literal["queued", "running", "succeeded", "failed", "cancelled"]

UNDER_WAY: tuple[State, ...] = ("queued", "running")
ENDED: tuple[State, ...] = ("succeeded", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Job:
    """Long work for a caller.

    Attributes:
        kind: name of a `JobKind`, such as `train`.
        caller: id of the key that it was submitted with.
        voice_id: of its voice.
        request: parameters, as the kind writes them.
        callback_url: for the webhook at its end.
        progress: `step`, `percent`, `eta_seconds` and `losses`, as last reported.
        error: `code` and `message` of a job that failed.
        version: that it made.
        attempts: number of attempts.
        fruitless: number of attempts since its last checkpoint.
        cancelling: true if its cancellation was requested.
        checkpoint: fence of the attempt whose folder the next one continues.
        created_at: seconds since 1970.
        started_at: of the first attempt, in seconds since 1970.
        ended_at: in seconds since 1970.
        owner: of the key, and of the job.
    """

    id: str
    kind: str
    caller: str
    voice_id: str
    request: Mapping[str, Any]
    callback_url: str | None
    state: State
    progress: Mapping[str, Any]
    error: Mapping[str, str] | None
    version: int | None
    attempts: int
    fruitless: int
    cancelling: bool
    checkpoint: int | None
    created_at: int
    started_at: int | None
    ended_at: int | None
    owner: str

    @property
    def over(self) -> bool:
        """True if the job has ended; only a retry changes that."""
        return self.state in ENDED

    @property
    def known_progress(self) -> Mapping[str, Any]:
        """The progress, complete once the job has succeeded: its last report was before the end."""
        if self.state != "succeeded":
            return self.progress
        return {**self.progress, "percent": 100.0, "eta_seconds": 0}


JOB_COLUMNS = [jobs.c[field.name] for field in fields(Job)]


def job_of(row: RowMapping) -> Job:
    """The job of a row, which may have other columns, too."""
    return Job(**{column.name: row[column.name] for column in JOB_COLUMNS})
