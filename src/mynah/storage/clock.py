"""The clock that all servers and workers share: the database's, in seconds since 1970.

Leases are judged by it alone, so that machines whose clocks differ agree on who holds one.
"""

from sqlalchemy import Connection, Float, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class clock(FunctionElement[float]):  # noqa: N801 - stands in statements as a function does
    """Now, as the database has it."""

    type = Float()
    inherit_cache = True


@compiles(clock, "sqlite")
def _in_sqlite(*_: object, **__: object) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(clock, "postgresql")
def _in_postgresql(*_: object, **__: object) -> str:
    # Not now(), which stands still in a transaction that waits for a lock.
    return "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"


def advisory_lock(connection: Connection, what: str) -> None:
    """Serialise the transactions that take a lock of this name, until they end.

    SQLite has one writer anyway, from its first write on.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(what))))
