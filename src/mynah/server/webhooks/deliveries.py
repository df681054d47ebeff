"""Webhook deliveries: schedule, attempts and results."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

from sqlalchemy import ColumnElement, Engine, and_, func, insert, select, update

from mynah.server.access.keys import Caller
from mynah.server.access.ownership import owned_by
from mynah.server.errors import DeliveryNotFoundError
from mynah.server.webhooks.sender import AttemptResult
from mynah.storage.claims import claim
from mynah.storage.clock import clock
from mynah.storage.database import now
from mynah.storage.tables import deliveries, delivery_attempts

State = Literal["pending", "delivered", "failed"]

GROWTH = 4.0
"""Factor of each pause to the one before."""
LONGEST_PAUSE = 86_400.0
JITTER = 0.2
"""Share by which a pause is randomly shorter or longer."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook delivery.

    Attributes:
        id: `webhook-id` of all its attempts.
        caller: id of the key whose secrets sign it.
        state: `failed` means that no more attempts follow.
        attempts: number of attempts so far.
        created_at: seconds since 1970.
        owner: of the key.
    """

    id: str
    caller: str
    job_id: str
    url: str
    body: str
    state: State
    attempts: int
    created_at: int
    owner: str


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """An attempt at a delivery; without a response `error` has the reason."""

    status: int | None
    error: str | None
    milliseconds: int
    created_at: int


_COLUMNS = [deliveries.c[field.name] for field in fields(Delivery)]
_TRIED = [delivery_attempts.c[field.name] for field in fields(DeliveryAttempt)]


@dataclass(frozen=True, slots=True)
class RetryRules:
    """Retry schedule.

    Attributes:
        pause: seconds between the first attempt and the second.
        attempts: at most.
        claim: seconds for which an attempt is claimed.
    """

    pause: float
    attempts: int
    claim: float

    def pause_after(self, attempts: int) -> float:
        """Seconds until the next attempt, after so many."""
        steady = min(self.pause * GROWTH ** (attempts - 1), LONGEST_PAUSE)
        return steady * random.uniform(1 - JITTER, 1 + JITTER)


class Deliveries:
    """The deliveries of a database. Callers see their owner's; `admin` sees all."""

    def __init__(self, records: Engine, rules: RetryRules) -> None:
        self._records = records
        self._rules = rules

    def page(self, caller: Caller, before: str = "", limit: int = 20) -> Sequence[Delivery]:
        """A caller's deliveries whose ids come before one, the latest first."""
        query = (
            select(*_COLUMNS).where(owned_by(deliveries, caller)).order_by(deliveries.c.id.desc())
        )
        if before:
            query = query.where(deliveries.c.id < before)
        with self._records.connect() as connection:
            rows = connection.execute(query.limit(limit)).mappings()
            return [Delivery(**row) for row in rows]

    def tried(self, delivery_id: str) -> Sequence[DeliveryAttempt]:
        """The attempts at a delivery, in their order."""
        query = select(*_TRIED).where(delivery_attempts.c.delivery_id == delivery_id)
        with self._records.connect() as connection:
            rows = connection.execute(query.order_by(delivery_attempts.c.id)).mappings()
            return [DeliveryAttempt(**row) for row in rows]

    def replay(self, caller: Caller, delivery_id: str) -> Delivery:
        """Send a webhook again, with all its attempts; its id stays.

        Raises:
            DeliveryNotFoundError: the caller has none of this id.
        """
        facts = {"state": "pending", "attempts": 0, "next_at": clock()}
        sending = update(deliveries).where(
            owned_by(deliveries, caller), deliveries.c.id == delivery_id
        )
        with self._records.begin() as connection:
            row = connection.execute(sending.values(facts).returning(*_COLUMNS)).mappings().first()
        if row is None:
            raise DeliveryNotFoundError(
                "There is no such delivery; GET /v1/webhooks/deliveries lists yours."
            )
        return Delivery(**row)

    def owners_waiting(self) -> Sequence[str]:
        """Owners who have due deliveries, the one that waits longest first."""
        first = func.min(deliveries.c.next_at)
        query = select(deliveries.c.owner).where(_due()).group_by(deliveries.c.owner)
        with self._records.connect() as connection:
            return connection.scalars(query.order_by(first)).all()

    def claim(self, owner: str, limit: int) -> Sequence[Delivery]:
        """Claim due deliveries of an owner, which others cannot claim for a while."""
        due = and_(_due(), deliveries.c.owner == owner)
        # At least once: a delivery whose sender dies is sent again.
        again = {"next_at": clock() + self._rules.claim}
        with self._records.begin() as connection:
            rows = claim(connection, deliveries, due, again, deliveries.c.next_at, limit)
        return [Delivery(**{name: row[name] for name in Delivery.__slots__}) for row in rows]

    def note(self, delivery: Delivery, outcome: AttemptResult, began: float) -> None:
        """Record the result of an attempt that began at `began` by `time.monotonic`."""
        attempts = delivery.attempts + 1
        row = {
            "delivery_id": delivery.id,
            "status": outcome.status,
            "error": outcome.error,
            "milliseconds": round((time.monotonic() - began) * 1000),
            "created_at": now(),
        }
        its = update(deliveries).where(deliveries.c.id == delivery.id)
        facts = {
            "attempts": attempts,
            "state": self._state_after(attempts, outcome),
            "next_at": clock() + self._rules.pause_after(attempts),
        }
        with self._records.begin() as connection:
            # A delivery that was replayed meanwhile begins anew.
            connection.execute(its.where(deliveries.c.attempts == delivery.attempts).values(facts))
            connection.execute(insert(delivery_attempts).values(row))

    def _state_after(self, attempts: int, outcome: AttemptResult) -> State:
        if outcome.delivered:
            return "delivered"
        over = outcome.unwanted or attempts >= self._rules.attempts
        return "failed" if over else "pending"


def _due() -> ColumnElement[bool]:
    return and_(deliveries.c.state == "pending", deliveries.c.next_at <= clock())
