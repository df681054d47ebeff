"""A job in the foreground: worked on as by the server, with its progress shown."""

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from mynah.cli.output import JobBar
from mynah.jobs.completion import NOT_STARTED
from mynah.jobs.dispatch import Launcher, open_launcher
from mynah.jobs.job import Job
from mynah.jobs.worker import DEFECT, DIED
from mynah.server.access.keys import OPERATOR
from mynah.server.errors import JobEndedError, JobFailedError
from mynah.server.stores import Stores
from mynah.server.versions.publishing import OBJECTIONS

CANCELLED = 130
"""Exit code of a command whose job was cancelled, as shells have it for Ctrl-C."""
LOG = "training.log"
"""Log of the training processes, in the data folder."""
_PAUSE = 0.2


class JobRun:
    """Jobs in the foreground.

    A server on the same data folder may work on them as well: whoever takes one first does.
    """

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._settings = stores.settings
        self._jobs = stores.jobs
        self._events = stores.job_events

    def begin(self, job_id: str) -> None:
        """Run a new job to its end; see `_run`."""
        self._run(job_id, seen=0)

    def go_on(self, job_id: str) -> None:
        """Run a failed, cancelled or abandoned job to its end; see `_run`.

        Raises:
            JobNotFoundError: there is none.
            JobNotEndedError: it has succeeded.
        """
        seen = self._events.last(job_id)
        if self._jobs.get(OPERATOR, job_id).over:
            self._jobs.retry(OPERATOR, job_id)
        self._run(job_id, seen)

    def _run(self, job_id: str, seen: int) -> None:
        """Run a job to its end. The first Ctrl-C cancels it, the second ends the command.

        Raises:
            JobFailedError: it failed.
            Exit: it was cancelled.
        """
        with self._launching() as launcher, _interruption() as interrupted, JobBar() as bar:
            job = self._follow(job_id, seen, launcher, interrupted, bar)
        self._print_outcome(job)

    @contextmanager
    def _launching(self) -> Iterator[Launcher]:
        # With `job_workers` 0 a server leaves the work to others; this command must do it.
        workers = max(1, self._settings.job_workers)
        settings = self._settings.model_copy(update={"job_workers": workers})
        with (settings.data / LOG).open("ab") as log:
            launcher = open_launcher(settings, self._stores.records, self._stores.leases, log)
            try:
                yield launcher
            finally:
                launcher.close()

    def _follow(
        self,
        job_id: str,
        seen: int,
        launcher: Launcher,
        interrupted: threading.Event,
        bar: JobBar,
    ) -> Job:
        bar.say(job_id)
        cancelled = False
        while True:
            if interrupted.is_set() and not cancelled:
                cancelled = True
                self._cancel(job_id, bar)
            job = self._jobs.get(OPERATOR, job_id)
            seen = self._show(job_id, seen, bar)
            if job.over:
                return job
            waits = self._stores.leases.fence(job_id) is not None
            launcher.launch([job_id] if waits else [])
            time.sleep(_PAUSE)

    def _cancel(self, job_id: str, bar: JobBar) -> None:
        bar.say("cancelling")
        with contextlib.suppress(JobEndedError):
            self._jobs.cancel(OPERATOR, job_id)

    def _show(self, job_id: str, seen: int, bar: JobBar) -> int:
        while events := self._events.after(job_id, seen):
            for event in events:
                bar.show(event)
            seen = events[-1].id
        return seen

    def _print_outcome(self, job: Job) -> None:
        again = f"`mynah jobs retry {job.id}` goes on from its checkpoint"
        if job.state == "cancelled":
            typer.echo(f"mynah: The job is cancelled; {again}.", err=True)
            raise typer.Exit(CANCELLED)
        if job.error is not None:
            log = f"{self._settings.data / LOG} has the log"
            inside = job.error["code"] in (DEFECT, DIED, NOT_STARTED)
            raise JobFailedError(f"{job.error['message']} {again}{f'; {log}' if inside else ''}.")
        voice = self._stores.voices.by_id(job.voice_id)
        made = self._stores.versions.get(voice, job.version or 0)
        measured = (f"{name} {value:.3f}" for name, value in made.metrics.items())
        kept = ["kept, not promoted"] if made.report.get(OBJECTIONS) else []
        typer.echo("  ".join([voice.name, f"version {made.number}", *kept, *measured]))


@contextmanager
def _interruption() -> Iterator[threading.Event]:
    """Yield an event that the first Ctrl-C or SIGTERM sets; then restore the usual handlers."""
    interrupted = threading.Event()
    usual = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in usual.items():
            signal.signal(number, handler)

    def interrupt(*_: object) -> None:
        interrupted.set()
        restore()

    for number in usual:
        signal.signal(number, interrupt)
    try:
        yield interrupted
    finally:
        restore()
