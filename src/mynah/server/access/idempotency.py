"""What writes were answered, kept for a day so that asking again writes nothing again."""

import hashlib
from dataclasses import dataclass

from sqlalchemy import Engine, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from mynah.server.errors import InProgressError, KeyReusedError
from mynah.storage.database import now
from mynah.storage.tables import first_answers

KEPT_SECONDS = 86_400
_LONGEST_WRITE = 600
"""Seconds after which a write without an answer is one whose server was stopped."""


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """An answer in JSON."""

    status: int
    body: bytes


class IdempotencyStore:
    """The answers in a database; all servers that share it count as one.

    Args:
        records: the database.
    """

    def __init__(self, records: Engine) -> None:
        self._records = records

    def begin(self, name: str) -> bool:
        """Takes a write on, if nobody has.

        Args:
            name: of caller, call and key; see `write_name`.

        Returns:
            Whether it was free; then `finish` or `abandon` must follow.
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
        """Keeps the answer to a write, and what the request was."""
        facts = {"request": request, "status": answer.status, "body": answer.body}
        with self._records.begin() as connection:
            connection.execute(
                update(first_answers).where(first_answers.c.name == name).values(**facts)
            )

    def abandon(self, name: str) -> None:
        """Makes a write free again: it failed, or it changed nothing."""
        with self._records.begin() as connection:
            connection.execute(delete(first_answers).where(first_answers.c.name == name))

    def answer(self, name: str, request: str) -> StoredResponse:
        """What a write was answered that is not free.

        Raises:
            InProgressError: it has no answer yet.
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
    """Names a write: no caller meets another's, whatever key they choose."""
    return hashlib.sha256("\0".join([caller, method, path, key]).encode()).hexdigest()
