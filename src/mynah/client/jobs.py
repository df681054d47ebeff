"""Jobs of a server: training and its progress."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from mynah.client.calls import (
    Call,
    Page,
    Recording,
    file_of,
    files_of,
    page_call,
    path_of,
    value_of,
)

State = Literal["queued", "running", "succeeded", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class JobProgress:
    """Progress of a job: current step, percent of the whole, estimated seconds left, and losses."""

    step: str | None
    percent: float
    eta_seconds: int | None
    losses: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class JobError:
    """The error of a failed job."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ServerJob:
    """A job of a server.

    Attributes:
        kind: `train`.
        voice: id of the voice.
        error: of a failed job.
        version: number of the version that the job made.
        attempts: number of attempts begun.
        callback_url: webhook for the job's end.
        created_at, started_at, ended_at: seconds since 1970.
        messages: the job's messages; empty in a list of jobs.
    """

    id: str
    kind: str
    voice: str
    state: State
    progress: JobProgress
    error: JobError | None
    version: int | None
    attempts: int
    callback_url: str | None
    created_at: int
    started_at: int | None
    ended_at: int | None
    messages: Sequence[str]


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """An event of a job; `id` increases from event to event, `created_at` is seconds since 1970."""

    id: int
    kind: Literal["state", "progress", "message"]
    data: Mapping[str, Any]
    created_at: int


@dataclass(slots=True)
class EventLines:
    """Parser of server-sent events."""

    _fields: dict[str, str] = field(default_factory=dict)

    def read(self, line: str) -> ServerEvent | None:
        """Read one line; return the event that it ends, if it ends one."""
        if line:
            name, _, value = line.partition(": ")
            self._fields[name] = value
            return None
        event, self._fields = self._fields, {}
        if "data" not in event:  # a comment, which only keeps the connection alive
            return None
        data = json.loads(event["data"])
        facts = {"id": int(event["id"]), "kind": event["event"], "data": data}
        return ServerEvent(**facts, created_at=data.pop("created_at"))


def train(
    voice: str,
    recordings: Sequence[Recording],
    texts: Sequence[str],
    language: str,
    transcripts: Recording | None,
    options: Mapping[str, Any],
) -> Call[ServerJob]:
    """The call that starts a training."""
    given = {name: value for name, value in options.items() if value is not None}
    form = {"text": list(texts), "language": language, **given}
    files = files_of(recordings)
    if transcripts is not None:
        files.append(file_of("transcripts", transcripts, "clips.list"))
    request = {"data": form, "files": files}
    return Call("POST", path_of("voices", voice, "train"), _job, request)


def jobs(after: str) -> Call[Page[ServerJob]]:
    """Jobs after a cursor, the latest first."""
    return page_call("jobs", after, _job)


def job(job_id: str) -> Call[ServerJob]:
    """A job with its messages."""
    return Call("GET", path_of("jobs", job_id), _job)


def cancel(job_id: str) -> Call[ServerJob]:
    """The call that cancels a job."""
    return Call("POST", path_of("jobs", job_id, "cancel"), _job)


def retry(job_id: str) -> Call[ServerJob]:
    """The call that queues a job again."""
    return Call("POST", path_of("jobs", job_id, "retry"), _job)


def events_path(job_id: str) -> str:
    """The path of a job's events."""
    return path_of("jobs", job_id, "events")


def events_after(event_id: int) -> dict[str, str]:
    """Headers that ask for the events after one."""
    return {"last-event-id": str(event_id)}


def _job(body: Mapping[str, Any]) -> ServerJob:
    error = body["error"]
    return value_of(
        ServerJob,
        body,
        progress=value_of(JobProgress, body["progress"]),
        error=value_of(JobError, error) if error else None,
        messages=[each["text"] for each in body.get("messages", ())],
    )
