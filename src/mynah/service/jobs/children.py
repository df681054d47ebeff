"""Jobs in child processes of the server: one job each, and nothing that they break is the server's.

A child holds its lease by itself. If the server is killed its children go on, and if a child is
killed its lease runs out and another child goes on from the checkpoint.
"""

import subprocess
import sys
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import BinaryIO

from mynah.config import Settings
from mynah.service.jobs.holder import holder_name
from mynah.service.jobs.leases import Leases

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0


@dataclass(slots=True)
class _Child:
    """A process for a job.

    Attributes:
        held: whether it was seen to hold the job's lease.
    """

    process: subprocess.Popen[bytes]
    held: bool = False

    @property
    def holder(self) -> str:
        return holder_name(self.process.pid)


@dataclass(slots=True)
class _Failures:
    """Children that ended badly one after the other, most likely before they had a lease."""

    number: int = 0
    until: float = field(default_factory=time.monotonic)

    def add(self) -> None:
        self.number += 1
        self.until = time.monotonic() + min(_FIRST_PAUSE * 2**self.number, _LONGEST_PAUSE)


class Children:
    """See `Launcher`.

    Args:
        settings: of the server, which its children have too.
        leases: of the database.
        log: where children write what they have to say; the server's own log if not given.
    """

    def __init__(self, settings: Settings, leases: Leases, log: BinaryIO | None = None) -> None:
        self._settings = settings
        self._leases = leases
        self._log = log
        self._environment = settings.environment()
        self._running: dict[str, _Child] = {}
        self._failures: dict[str, _Failures] = {}

    def launch(self, job_ids: list[str]) -> None:
        """See `Launcher`."""
        if not job_ids and not self._running:
            return
        holders = self._leases.holders()
        self._look_after(holders, job_ids)
        ready = [job_id for job_id in job_ids if self._may(job_id)]
        for job_id in ready[: self._room(holders)]:
            self._running[job_id] = _Child(self._start(job_id))

    def close(self) -> None:
        """Lets children reach their next checkpoint, for as long as the server has to stop."""
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
            child.held = child.held or child.holder in holders
            if child.held and job_id in waiting:
                # It lost its lease and does not end: whatever it does now is in vain.
                child.process.kill()
                child.process.wait()
            if child.process.poll() is not None:
                self._note_end(job_id, child)

    def _note_end(self, job_id: str, child: _Child) -> None:
        del self._running[job_id]
        if child.process.returncode and not child.held:
            self._failures.setdefault(job_id, _Failures()).add()
        else:
            self._failures.pop(job_id, None)

    def _may(self, job_id: str) -> bool:
        failures = self._failures.get(job_id)
        return job_id not in self._running and (
            failures is None or failures.until <= time.monotonic()
        )

    def _room(self, holders: Collection[str]) -> int:
        """Jobs that may begin; those of children of a server that was killed count, too."""
        own = {child.holder for child in self._running.values()}
        others = sum(holder not in own for holder in holders)
        return max(0, self._settings.job_workers - len(own) - others)

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
