"""The database: opened, with new ids and the time for its rows."""

import secrets
import time

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url

from mynah.storage.migrate import MigrationPolicy, prepare
from mynah.storage.outages import WaitingPool, report_outages
from mynah.storage.sqlite_file import prepare_connection

_POOL_SECONDS = 4.0
"""Longest wait for one of the connections that others use."""


def open_database(url: str, policy: MigrationPolicy = MigrationPolicy.CREATE) -> Engine:
    """The database of a URL, with today's tables.

    Args:
        url: of SQLAlchemy.
        policy: the most that may be changed in its schema for that.

    Raises:
        StorageError: it cannot be used, or that is not enough.
    """
    prepare(url, policy)
    where = make_url(url)
    is_file = where.get_backend_name() == "sqlite"
    engine = create_engine(
        where, poolclass=WaitingPool, pool_timeout=_POOL_SECONDS, pool_pre_ping=not is_file
    )
    report_outages(engine)
    if is_file:
        event.listen(engine, "connect", prepare_connection)
    elif engine.driver == "psycopg":
        from mynah.storage.postgresql import bound_connections  # noqa: PLC0415 - an extra

        bound_connections(engine)
    return engine


def new_id(kind: str) -> str:
    """An id that sorts by the time it was made, such as `voice_18c2f…`."""
    return f"{kind}_{time.time_ns():016x}{secrets.token_hex(4)}"


def now() -> int:
    """Seconds since 1970, as all tables have them."""
    return int(time.time())
