"""Transactional outbox of webhooks: written with the job's end, so that neither is lost."""

import json
from datetime import UTC, datetime

from sqlalchemy import Connection, insert

from mynah.jobs.job import Job
from mynah.storage.clock import clock
from mynah.storage.database import new_id, now
from mynah.storage.tables import deliveries


def enqueue_webhook(connection: Connection, job: Job) -> None:
    """Write a delivery of a job's end, if its caller gave a URL."""
    if job.callback_url is None:
        return
    body = {
        "type": f"job.{job.state}",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "data": {
            "id": job.id,
            "kind": job.kind,
            "voice": job.voice_id,
            "state": job.state,
            "version": job.version,
            "error": job.error,
        },
    }
    row = {
        "id": new_id("msg"),
        "caller": job.caller,
        "owner": job.owner,
        "job_id": job.id,
        "url": job.callback_url,
        "body": json.dumps(body, ensure_ascii=False),
        "state": "pending",
        "attempts": 0,
        "next_at": clock(),
        "created_at": now(),
    }
    connection.execute(insert(deliveries).values(row))
