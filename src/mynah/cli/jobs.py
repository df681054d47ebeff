"""`mynah jobs`."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

from mynah.cli.job_run import JobRun
from mynah.cli.output import one_line
from mynah.config import Settings
from mynah.errors import VoiceNotFoundError
from mynah.jobs.job import Job
from mynah.server.access.keys import OPERATOR
from mynah.server.stores import make_stores


class JobBook:
    """The jobs of a data folder, those of all keys."""

    def __init__(self, settings: Settings) -> None:
        self._stores = make_stores(settings)
        self._jobs = self._stores.jobs

    def rows(self, limit: int) -> Iterator[tuple[str, ...]]:
        """The latest jobs' id, state, percent, voice and time, the last one first."""
        for job in self._jobs.page(OPERATOR, limit=limit).jobs:
            yield job.id, job.state, _percent(job), self._voice(job), _time(job.created_at)

    def facts(self, job_id: str) -> Iterator[tuple[str, str]]:
        """The facts of a job by their names.

        Raises:
            JobNotFoundError: there is none.
        """
        job = self._jobs.get(OPERATOR, job_id)
        yield "job", job.id
        yield "voice", self._voice(job)
        yield "state", f"{job.state}, to be cancelled" if job.cancelling else job.state
        yield from _progress(job)
        if job.version is not None:
            yield "version", str(job.version)
        if job.error is not None:
            yield "error", f"{job.error['message']} ({job.error['code']})"
        yield "attempts", str(job.attempts)
        for name, seconds in _times(job):
            yield name, _time(seconds)
        for event in self._stores.job_events.messages(job.id):
            yield "message", one_line(event.data["text"])

    def cancel(self, job_id: str) -> str:
        """Cancel a job, and return the line that says so.

        Raises:
            JobNotFoundError: there is none.
            JobEndedError: it is over.
        """
        job = self._jobs.cancel(OPERATOR, job_id)
        return f"{job.id} is {'cancelled' if job.over else 'being cancelled'}"

    def _voice(self, job: Job) -> str:
        try:
            return self._stores.voices.by_id(job.voice_id).name
        except VoiceNotFoundError:
            return job.voice_id


def retry(settings: Settings, job_id: str) -> None:
    """Run a failed, cancelled or abandoned job to its end.

    Raises:
        JobNotFoundError: there is none.
        JobNotEndedError: it has succeeded.
        JobFailedError: it failed again.
    """
    with closing(make_stores(settings)) as stores:
        JobRun(stores).go_on(job_id)


def _progress(job: Job) -> Iterator[tuple[str, str]]:
    progress = job.progress
    if not progress:
        return
    yield "progress", f"{_percent(job)}, {one_line(progress['step'])}"
    if not job.over and progress["eta_seconds"] is not None:
        yield "left", str(timedelta(seconds=progress["eta_seconds"]))
    if progress["losses"]:
        losses = (f"{one_line(name)} {loss:.4g}" for name, loss in progress["losses"].items())
        yield "losses", ", ".join(losses)


def _percent(job: Job) -> str:
    return f"{job.known_progress.get('percent', 0):.0f} %"


def _times(job: Job) -> Iterator[tuple[str, int]]:
    times = {"ordered": job.created_at, "begun": job.started_at, "ended": job.ended_at}
    for name, seconds in times.items():
        if seconds is not None:
            yield name, seconds


def _time(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
