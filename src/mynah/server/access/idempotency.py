"""Responses to writes, stored for a day so that a repeated request has no second effect."""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, Integer, and_, cast, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from mynah.server.errors import InProgressError, KeyReusedError
from mynah.storage.clock import clock
from mynah.storage.database import new_id, now
from mynah.storage.tables import first_answers

KEPT_SECONDS = 86_400
MOST_KEPT = 5_000
"""Responses of one owner; beyond them the oldest go before their day is over."""
LEASE_SECONDS = 5
"""After which a write without a heartbeat counts as one of a process that has ended."""
BEAT_SECONDS = 1
_reserved: ContextVar[str] = ContextVar("reserved_id", default="")


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """A JSON response."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to do a write, for as long as its process is alive.

    Attributes:
        name: of the write.
        owner: of the caller.
        token: of this claim; one that takes the write over has another.
        reserved: the end of ids of what the write makes, the same for all claims of it.
    """

    name: str
    owner: str
    token: str
    reserved: str

    @property
    def holds(self) -> ColumnElement[bool]:
        """Condition of the write's row while nobody else has taken it over."""
        table = first_answers.c
        return and_(table.name == self.name, table.request == self.token, table.status.is_(None))


class IdempotencyStore:
    """Stored responses in a database, shared by all servers on it.

    A row without a status is a claim: `created_at` is then the time of its last heartbeat,
    `request` its token and `body` the reserved end of ids.
    """

    def __init__(self, records: Engine) -> None:
        self._records = records
        self._claims: dict[str, Claim] = {}

    def begin(self, name: str, owner: str) -> Claim | None:
        """Claim a write; None if a live process has it, or it has a response already.

        After a claim `finish` or `abandon` must follow.

        Args:
            name: that of `write_name`.
            owner: of the caller.
        """
        table = first_answers.c
        with self._records.begin() as connection:
            connection.execute(delete(first_answers).where(table.created_at < now() - KEPT_SECONDS))
        claim = self._insert(name, owner) or self._take_over(name, owner)
        if claim is not None:
            self._claims[claim.token] = claim
        return claim

    def beat(self) -> None:
        """Keep the claims of this process from being taken over; call it every `BEAT_SECONDS`."""
        for claim in [*self._claims.values()]:
            with self._records.begin() as connection:
                connection.execute(
                    update(first_answers).where(claim.holds).values(created_at=_clock())
                )

    def finish(self, claim: Claim, request: str, answer: StoredResponse) -> None:
        """Store the response to a write, with the hash of its request."""
        facts = {"request": request, "status": answer.status, "body": answer.body}
        with self._records.begin() as connection:
            connection.execute(update(first_answers).where(claim.holds).values(facts))
            connection.execute(delete(first_answers).where(_beyond_most(claim.owner)))
        self._claims.pop(claim.token, None)

    def abandon(self, claim: Claim) -> None:
        """Release a write that failed or changed nothing."""
        self._claims.pop(claim.token, None)
        with self._records.begin() as connection:
            connection.execute(delete(first_answers).where(claim.holds))

    def _insert(self, name: str, owner: str) -> Claim | None:
        claim = Claim(name, owner, secrets.token_hex(16), new_id("").removeprefix("_"))
        facts = {"request": claim.token, "body": claim.reserved.encode(), "created_at": _clock()}
        try:
            with self._records.begin() as connection:
                connection.execute(insert(first_answers).values(name=name, owner=owner, **facts))
        except IntegrityError:
            return None
        return claim

    def _take_over(self, name: str, owner: str) -> Claim | None:
        """Claim a write whose process has not been heard of for `LEASE_SECONDS`."""
        table = first_answers.c
        lapsed = table.status.is_(None) & (table.created_at < _clock() - LEASE_SECONDS)
        facts = {"request": secrets.token_hex(16), "created_at": _clock()}
        taking = update(first_answers).where(table.name == name, lapsed).values(facts)
        with self._records.begin() as connection:
            row = connection.execute(taking.returning(table.request, table.body)).first()
        return None if row is None else Claim(name, owner, row.request, (row.body or b"").decode())

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


@contextmanager
def doing(claim: Claim | None) -> Iterator[None]:
    """Have the block make things under the ids that are reserved for a write, if it has a claim.

    Calls without one need the block, too: a request may run in the context of the one before it on
    its connection.
    """
    token = _reserved.set("" if claim is None else claim.reserved)
    try:
        yield
    finally:
        _reserved.reset(token)


def reserved_id(kind: str) -> str | None:
    """Id of the one thing of a kind that this write makes or has made; None without a key."""
    reserved = _reserved.get()
    return f"{kind}_{reserved}" if reserved else None


def _beyond_most(owner: str) -> ColumnElement[bool]:
    table = first_answers.c
    newest_first = select(table.name).where(table.owner == owner, table.status.is_not(None))
    # A limit is needed for an offset in SQLite; there are never more than a few beyond.
    beyond = newest_first.order_by(table.created_at.desc()).offset(MOST_KEPT).limit(MOST_KEPT)
    return table.name.in_(beyond)


def _clock() -> ColumnElement[int]:
    """The database's time, since servers judge each other's claims by it."""
    return cast(clock(), Integer)
