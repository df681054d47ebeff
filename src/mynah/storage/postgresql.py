"""Connections to PostgreSQL that give up on a server that does not answer."""

import time
from collections.abc import Generator
from typing import Any, TypeVar

from psycopg import Connection, OperationalError
from sqlalchemy import Engine, event

from mynah.runtime.circuit_breaker import CircuitBreaker

ANSWER_SECONDS = 4.0
"""Longest wait for the answer to a statement."""
CONNECT_SECONDS = 3
"""Longest wait for a connection to each host; a URL may have another."""
PAUSE_SECONDS = 1.0
"""Time in which nobody asks a server that did not answer."""

Result = TypeVar("Result")


class BoundedConnection(Connection[Any]):
    """Connection whose every wait ends; one that waited in vain is closed.

    Attributes:
        breaker: of the server.
    """

    breaker: CircuitBreaker

    def wait(
        self,
        gen: Generator[Any, Any, Result],
        *arguments: Any,  # noqa: ANN401 - differ from version to version
        **options: Any,  # noqa: ANN401
    ) -> Result:
        """Wait for what the server sends; see psycopg, which calls it at intervals.

        Raises:
            OperationalError: it sent nothing in time, or kept another caller waiting just now.
        """
        if self.breaker.open:
            raise OperationalError("The server did not answer just now.")
        return super().wait(self._bounded(gen), *arguments, **options)

    def _bounded(self, gen: Generator[Any, Any, Result]) -> Generator[Any, Any, Result]:
        until = time.monotonic() + ANSWER_SECONDS
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready and time.monotonic() > until:
                    self._give_up()
                wanted = gen.send(ready)
        except StopIteration as ended:
            result: Result = ended.value
            return result

    def _give_up(self) -> None:
        self.breaker.trip()
        self.pgconn.finish()
        raise OperationalError("The server did not answer in time.")


def bound_connections(records: Engine) -> None:
    """Have every connection of a database be bounded."""
    breaker = CircuitBreaker(PAUSE_SECONDS)

    def connect(_: object, __: object, arguments: list[Any], options: dict[str, Any]) -> object:
        if breaker.open:
            raise OperationalError("The server did not answer just now.")
        options.setdefault("connect_timeout", CONNECT_SECONDS)
        began = time.monotonic()
        try:
            made = BoundedConnection.connect(*arguments, **options)
        except OperationalError:
            if time.monotonic() - began >= CONNECT_SECONDS / 2:
                breaker.trip()
            raise
        made.breaker = breaker
        return made

    event.listen(records, "do_connect", connect)
