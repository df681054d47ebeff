"""`/v1/jobs`: background jobs of the caller."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Header, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from mynah.jobs.events import JobEvent
from mynah.jobs.job import ENDED, Job, State
from mynah.server.http.admission import TrainCaller, admitting_router
from mynah.server.http.dependencies import ServicesOf
from mynah.server.http.middleware.idempotency import DESCRIBED
from mynah.server.http.streaming import EventResponse
from mynah.server.plain_text import PLAIN, PlainText
from mynah.server.problems import error_body, problem_of
from mynah.server.services import Services

POLL_SECONDS = 0.5
ALIVE_SECONDS = 15.0
"""Silence after which a comment keeps the connection alive."""

router = admitting_router(prefix="/jobs", tags=["jobs"])


class JobProgress(BaseModel):
    """Progress of a job."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    step: str | None = None
    """The current step."""
    percent: float = 0.0
    """Of the whole job."""
    eta_seconds: int | None = None
    """Estimated time left."""
    losses: dict[str, float] = {}
    """Training losses by name."""


class JobMessage(BaseModel):
    """A message of a job."""

    text: str
    created_at: int


class JobError(BaseModel):
    """The error of a failed job."""

    code: str
    message: str


class JobBody(BaseModel):
    """A job."""

    model_config = ConfigDict(from_attributes=True, use_attribute_docstrings=True)
    object: str = "job"
    id: str
    kind: str
    voice: str
    """Id of the voice."""
    state: State
    progress: JobProgress
    error: JobError | None
    version: int | None
    """Number of the voice's version that the job made."""
    attempts: int
    """Number of attempts begun."""
    callback_url: str | None
    created_at: int
    started_at: int | None
    ended_at: int | None


class JobDetails(JobBody):
    """A job with its messages."""

    messages: list[JobMessage]


class JobPageBody(BaseModel):
    """A page of jobs, the latest first; the next ones follow after `last_id`."""

    object: str = "list"
    data: list[JobBody]
    has_more: bool
    last_id: str | None


class JobQuery(BaseModel):
    """Page of jobs to list."""

    model_config = ConfigDict(extra="forbid")
    after: Annotated[str, StringConstraints(max_length=100), PLAIN] = ""
    limit: int = Field(default=20, ge=1, le=100)


@router.get("")
def list_jobs(
    query: Annotated[JobQuery, Query()], caller: TrainCaller, services: ServicesOf
) -> JobPageBody:
    """List your jobs, the latest first."""
    page = services.stores.jobs.page(caller, query.after, query.limit)
    last = page.jobs[-1].id if page.jobs else None
    return JobPageBody(
        data=[JobBody(**_facts(job)) for job in page.jobs], has_more=page.more, last_id=last
    )


@router.get("/{job}")
def get_job(job: PlainText, caller: TrainCaller, services: ServicesOf) -> JobDetails:
    """Get a job with its progress and messages."""
    return job_details(services.stores.jobs.get(caller, job), services)


@router.post("/{job}/cancel", dependencies=[DESCRIBED])
def cancel_job(job: PlainText, caller: TrainCaller, services: ServicesOf) -> JobDetails:
    """Cancel a job: at once if it is queued, within seconds if it runs."""
    return job_details(services.stores.jobs.cancel(caller, job), services)


@router.post("/{job}/retry", status_code=202, dependencies=[DESCRIBED])
def retry_job(job: PlainText, caller: TrainCaller, services: ServicesOf) -> JobDetails:
    """Queue a failed or cancelled job again; it resumes from its checkpoint."""
    found = services.stores.jobs.get(caller, job)
    # It may have been another owner's voice, who shares it no longer.
    services.stores.voices.managed(caller, found.voice_id)
    return job_details(services.stores.jobs.retry(caller, job), services)


@router.get(
    "/{job}/events",
    response_class=Response,
    responses={200: {"description": "Events until its end.", "content": {"text/event-stream": {}}}},
)
async def watch_job(
    job: PlainText,
    caller: TrainCaller,
    services: ServicesOf,
    last_event_id: Annotated[int, Header(ge=0, lt=1 << 63)] = 0,
) -> Response:
    """Watch a job until it ends, by `state`, `progress` and `message` events.

    They start at its beginning, or after the event that `Last-Event-ID` names. An `error` event
    comes last if the key is revoked or expires meanwhile.
    """
    found = await run_in_threadpool(services.stores.jobs.get, caller, job)
    return EventResponse(_events(found, last_event_id, services), _error_event)


def job_details(job: Job, services: Services) -> JobDetails:
    """The representation of a job."""
    events = services.stores.job_events.messages(job.id)
    messages = [JobMessage(text=each.data["text"], created_at=each.created_at) for each in events]
    return JobDetails(**_facts(job), messages=messages)


def _facts(job: Job) -> dict[str, Any]:
    its = {name: getattr(job, name) for name in JobBody.model_fields if hasattr(job, name)}
    return its | {"voice": job.voice_id, "progress": job.known_progress}


async def _events(job: Job, after: int, services: Services) -> AsyncIterator[str]:
    sent_at = time.monotonic()
    over = job.over
    while True:
        events = await run_in_threadpool(services.stores.job_events.after, job.id, after)
        for event in events:
            yield _written(event)
            after, sent_at = event.id, time.monotonic()
            over = event.kind == "state" and event.data["state"] in ENDED
        if over and not events:
            return
        if not events:
            await asyncio.sleep(POLL_SECONDS)
        if time.monotonic() - sent_at > ALIVE_SECONDS:
            yield ": still there\n\n"
            sent_at = time.monotonic()


def _error_event(error: Exception) -> str:
    data = json.dumps(error_body(problem_of(error)), ensure_ascii=False)
    return f"event: error\ndata: {data}\n\n"


def _written(event: JobEvent) -> str:
    data = json.dumps({**event.data, "created_at": event.created_at}, ensure_ascii=False)
    return f"id: {event.id}\nevent: {event.kind}\ndata: {data}\n\n"
