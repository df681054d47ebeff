"""Responses to writes, stored for a day so that a repeated request has no second effect."""

import hashlib
from dataclasses import dataclass

from sqlalchemy import Engine, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from mynah.server.errors import InProgressError, KeyReusedError
from mynah.storage.database import now
from mynah.storage.tables import first_answers

KEPT_SECONDS = 86_400
_LONGEST_WRITE = 600
"""Seconds after which a write without a response counts as one of a stopped server."""


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """A JSON response."""

    status: int
    body: bytes


class IdempotencyStore:
    """Stored responses in a database, shared by all servers on it."""

    def __init__(self, records: Engine) -> None:
        self._records = records

    def begin(self, name: str) -> bool:
        """Claim a write; return False if it is claimed or has a response already.

        After True `finish` or `abandon` must follow. `name` is that of `write_name`.
        """
        table = first_answers.c
        stale = table.status.is_(None) & (table.created_at < now() - _LONGEST_WRITE)
        with self._records.begin() as connection:
            connection.execute(
                delete(first_answers).where(or_(table.created_at < now() - KEPT_SECONDS, stale))
            )
        try:
            with self._records.begin() as connection:
                connection.execute(insert(first_answers).values(name=name, created_at=now()))
        except IntegrityError:
            return False
        return True

    def finish(self, name: str, request: str, answer: StoredResponse) -> None:
        """Store the response to a write, with the hash of its request."""
        facts = {"request": request, "status": answer.status, "body": answer.body}
        with self._records.begin() as connection:
            connection.execute(
                update(first_answers).where(first_answers.c.name == name).values(**facts)
            )

    def abandon(self, name: str) -> None:
        """Release a write that failed or changed nothing."""
        with self._records.begin() as connection:
            connection.execute(delete(first_answers).where(first_answers.c.name == name))

    def answer(self, name: str, request: str) -> StoredResponse:
        """The stored response to a claimed write.

        Raises:
            InProgressError: it has no response yet.
            KeyReusedError: it was another request.
        """
        with self._records.connect() as connection:
            row = connection.execute(
                select(first_answers).where(first_answers.c.name == name)
            ).first()
        if row is None or row.status is None:
            raise InProgressError("The same request is being worked on; try again in a moment.")
        if row.request != request:
            raise KeyReusedError(
                "This Idempotency-Key came with another request before; use a new one."
            )
        return StoredResponse(row.status, row.body)


def write_name(caller: str, method: str, path: str, key: str) -> str:
    """Hash that names a write; keys of different callers never meet."""
    return hashlib.sha256("\0".join([caller, method, path, key]).encode()).hexdigest()
