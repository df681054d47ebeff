"""Jobs in child processes of the server, one each, so that a crash of one is not the server's.

A child holds its lease by itself. If the server is killed its children go on, and if a child is
killed its lease runs out and another child goes on from the checkpoint. A child that ends before
it has a lease reports nothing: the server counts it, waits longer each time, and gives the job up.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import BinaryIO

from sqlalchemy import Engine

from mynah.config import Settings
from mynah.jobs.completion import count_spawn_failure
from mynah.jobs.leases import Leases, worker_id

FIRST_PAUSE, LONGER = 2.0, 3
"""Seconds after the first spawn failure, and the factor of each further pause: together over a
minute, in which memory may be free again."""


@dataclass(slots=True)
class _Child:
    """A process for a job.

    Attributes:
        fence: number of the job before the process could take it.
        held: true if it was seen to hold the job's lease.
    """

    process: subprocess.Popen[bytes]
    fence: int
    held: bool = False

    @property
    def holder(self) -> str:
        return worker_id(self.process.pid)


@dataclass(frozen=True, slots=True)
class _Rest:
    """Time for which a job is not started again, unless it has another number by then."""

    fence: int
    until: float


class ChildProcesses:
    """See `Launcher`.

    Args:
        settings: of the server, which its children have too.
        records: the database.
        leases: of it.
        log: output of the children; the server's own if not given.
    """

    def __init__(
        self, settings: Settings, records: Engine, leases: Leases, log: BinaryIO | None = None
    ) -> None:
        self._settings = settings
        self._records = records
        self._leases = leases
        self._log = log
        self._environment = settings.environment()
        self._running: dict[str, _Child] = {}
        self._resting: dict[str, _Rest] = {}

    def launch(self, job_ids: list[str]) -> None:
        if not job_ids and not self._running:
            return
        holders = self._leases.holders()
        self._look_after(holders, job_ids)
        ready = [job_id for job_id in job_ids if self._may(job_id)]
        for job_id in ready[: self._room(holders)]:
            self._begin(job_id)

    def close(self) -> None:
        """Let children reach their next checkpoint, for as long as the server has to stop."""
        for child in self._running.values():
            child.process.terminate()
        until = time.monotonic() + self._settings.shutdown_seconds
        for child in self._running.values():
            try:
                child.process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()

    def _look_after(self, holders: Collection[str], waiting: Collection[str]) -> None:
        for job_id, child in [*self._running.items()]:
            holds = child.holder in holders  # read after the jobs that wait
            if child.held and not holds and job_id in waiting:
                # It lost its lease and does not end: whatever it does now is in vain.
                child.process.kill()
                child.process.wait()
            child.held = child.held or holds
            if (code := child.process.poll()) is not None:
                self._note_end(job_id, child.fence, _words(code))
                del self._running[job_id]

    def _note_end(self, job_id: str, fence: int, how: str) -> None:
        times = count_spawn_failure(self._records, job_id, fence, how)
        if times:
            pause = FIRST_PAUSE * LONGER ** (times - 1)
            self._resting[job_id] = _Rest(fence, time.monotonic() + pause)
        else:
            self._resting.pop(job_id, None)

    def _may(self, job_id: str) -> bool:
        if job_id in self._running:
            return False
        rest = self._resting.get(job_id)
        # A caller who cancels a job and tries it again need not wait.
        return (
            rest is None
            or rest.until <= time.monotonic()
            or rest.fence != self._leases.fence(job_id)
        )

    def _room(self, holders: Collection[str]) -> int:
        """Jobs that may begin; those of children of a server that was killed count, too."""
        own = {child.holder for child in self._running.values()}
        others = sum(holder not in own for holder in holders)
        return max(0, self._settings.job_workers - len(own) - others)

    def _begin(self, job_id: str) -> None:
        fence = self._leases.fence(job_id)
        if fence is None:
            return
        try:
            self._running[job_id] = _Child(self._start(job_id), fence)
        except OSError as error:  # such as no memory for a process, or too many of them
            self._note_end(job_id, fence, error.strerror or type(error).__name__)

    def _start(self, job_id: str) -> subprocess.Popen[bytes]:
        # In a session of its own, so that a Ctrl-C at the server is not one at the child.
        return subprocess.Popen(
            [sys.executable, "-m", "mynah", "worker", "--once", job_id],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )


def _words(code: int) -> str:
    """The end of a process in words, for its operator."""
    if code >= 0:
        return f"exit code {code}"
    if -code == signal.SIGKILL:
        return "it was killed, perhaps for want of memory"
    return f"signal {-code}"
