"""Jobs of a server: training, and how far it is."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from mynah.client.calls import Call, Page, Recording, files_of, page_call, path_of, value_of

State = Literal["queued", "running", "succeeded", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class JobProgress:
    """How far a job is.

    Attributes:
        step: what is being done.
        percent: of the whole job.
        eta_seconds: until its end.
        losses: what the training makes smaller, by name.
    """

    step: str | None
    percent: float
    eta_seconds: int | None
    losses: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job failed."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ServerJob:
    """Long work of a server.

    Attributes:
        kind: `train`.
        voice: id of the voice.
        error: of a job that failed.
        version: of the voice, that came of it.
        attempts: how often work on it began.
        callback_url: told of its end.
        created_at, started_at, ended_at: seconds since 1970.
        messages: what it said; a list of jobs has none of it.
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
    """Something that happened to a job.

    Attributes:
        id: grows from event to event.
        kind: `state`, `progress` or `message`.
        data: what is told of it.
        created_at: seconds since 1970.
    """

    id: int
    kind: Literal["state", "progress", "message"]
    data: Mapping[str, Any]
    created_at: int


@dataclass(slots=True)
class EventLines:
    """Makes events of the lines in which a server sends them."""

    _fields: dict[str, str] = field(default_factory=dict)

    def read(self, line: str) -> ServerEvent | None:
        """The event that ends with a line, if one does."""
        if line:
            name, _, value = line.partition(": ")
            self._fields[name] = value
            return None
        told, self._fields = self._fields, {}
        if "data" not in told:  # a comment, which only says that the server is there
            return None
        data = json.loads(told["data"])
        facts = {"id": int(told["id"]), "kind": told["event"], "data": data}
        return ServerEvent(**facts, created_at=data.pop("created_at"))


def train(
    voice: str,
    recordings: Sequence[Recording],
    texts: Sequence[str],
    language: str,
    options: Mapping[str, Any],
) -> Call[ServerJob]:
    """Orders a training."""
    given = {name: value for name, value in options.items() if value is not None}
    form = {"text": list(texts), "language": language, **given}
    request = {"data": form, "files": files_of(recordings)}
    return Call("POST", path_of("voices", voice, "train"), _job, request)


def jobs(after: str) -> Call[Page[ServerJob]]:
    """Jobs after one, the latest first."""
    return page_call("jobs", after, _job)


def job(job_id: str) -> Call[ServerJob]:
    """A job and what it said."""
    return Call("GET", path_of("jobs", job_id), _job)


def cancel(job_id: str) -> Call[ServerJob]:
    """Ends a job."""
    return Call("POST", path_of("jobs", job_id, "cancel"), _job)


def retry(job_id: str) -> Call[ServerJob]:
    """Queues a job again."""
    return Call("POST", path_of("jobs", job_id, "retry"), _job)


def events_path(job_id: str) -> str:
    """Where the events of a job are."""
    return path_of("jobs", job_id, "events")


def events_after(event_id: int) -> dict[str, str]:
    """Headers that ask for what came after an event."""
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
