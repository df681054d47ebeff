"""A kind of long work: one file in `kinds/`, run by the worker that holds the job's lease."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection

from mynah.jobs.job import Job
from mynah.jobs.report import JobReport

Commit = Callable[[Callable[[Connection], int | None]], None]
"""Runs what writes the rows of a result, in the transaction in which the job succeeds.

What it is given returns the version that came of the job, if one did. Raises `LeaseLostError` if
the job is somebody else's by now, and then nothing is written.
"""


@dataclass(frozen=True, slots=True, eq=False)
class JobContext:
    """One attempt at a job, as its kind sees it.

    Attributes:
        fence: number of its lease, greater than that of every earlier one.
        folder: for this attempt alone; after a crash a copy of what the attempt before had at its
            last checkpoint, or somewhat later.
        should_stop: asked between steps; if true, `run` must raise `JobStopped` within seconds.
        commit: ends the job well.
    """

    job: Job
    fence: int
    folder: Path
    report: JobReport
    should_stop: Callable[[], bool]
    commit: Commit


class JobKind(Protocol):
    """Work on jobs of one kind; leases, events, retries and the end are the worker's."""

    @property
    def name(self) -> str:
        """Value of the column `kind`."""

    @property
    def title(self) -> str:
        """Noun for the work in messages to callers, such as `training`."""

    def run(self, context: JobContext) -> None:
        """Work on a job until `context.commit` has ended it: files first, then every row at once.

        Raises:
            JobStopped: it was told to stop.
            LeaseLostError: the job is somebody else's.
            MynahError: it cannot be done; the message says why and what to do.
            OSError: a file could not be read or written.
        """
