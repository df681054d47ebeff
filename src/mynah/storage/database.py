"""The database: opened, with new ids and the time for its rows."""

import secrets
import time

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url

from mynah.storage.migrate import MigrationPolicy, prepare
from mynah.storage.sqlite_file import prepare_connection


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
    if where.get_backend_name() != "sqlite":
        return create_engine(where, pool_pre_ping=True)
    engine = create_engine(where)
    event.listen(engine, "connect", prepare_connection)
    return engine


def new_id(kind: str) -> str:
    """An id that sorts by the time it was made, such as `voice_18c2f…`."""
    return f"{kind}_{time.time_ns():016x}{secrets.token_hex(4)}"


def now() -> int:
    """Seconds since 1970, as all tables have them."""
    return int(time.time())
