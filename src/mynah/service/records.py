"""Tables of everything that outlives a request, in SQLite or PostgreSQL."""

import secrets
import time
from pathlib import Path
from sqlite3 import Connection as SQLiteConnection

from sqlalchemy import (
    JSON,
    Column,
    Engine,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
)
from sqlalchemy.engine import make_url

metadata = MetaData()

keys = Table(
    "keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("hash", Text, nullable=False, unique=True),
    Column("scopes", JSON, nullable=False),
    Column("created_at", Integer, nullable=False),
    Column("expires_at", Integer),
    Column("revoked_at", Integer),
)

voices = Table(
    "voices",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("language", Text, nullable=False),
    Column("labels", JSON, nullable=False),
    Column("consent", Text),
    Column("default_version", Text, nullable=False),
    Column("created_at", Integer, nullable=False),
)

recordings = Table(
    "recordings",
    metadata,
    Column("id", Text, primary_key=True),
    Column("voice_id", ForeignKey("voices.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("version", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("text", Text),
    Column("seconds", Float, nullable=False),
)


stored_audio = Table(
    "stored_audio",
    metadata,
    Column("id", Text, primary_key=True),
    Column("caller", Text, nullable=False, index=True),
    Column("media_type", Text, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("secret", Text, nullable=False),
    Column("created_at", Integer, nullable=False),
    Column("expires_at", Integer, nullable=False, index=True),
)

first_answers = Table(
    "first_answers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("request", Text),
    Column("status", Integer),
    Column("body", LargeBinary),
    Column("created_at", Integer, nullable=False, index=True),
)


def open_records(url: str) -> Engine:
    """The database of a URL, with its tables; made if it does not exist."""
    where = make_url(url)
    if where.get_backend_name() != "sqlite":
        engine = create_engine(where, pool_pre_ping=True)
    else:
        if where.database:
            Path(where.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(where)
        event.listen(engine, "connect", _prepare_sqlite)
    metadata.create_all(engine)
    return engine


def new_id(kind: str) -> str:
    """An id that sorts by the time it was made, such as `voice_18c2f…`."""
    return f"{kind}_{time.time_ns():016x}{secrets.token_hex(4)}"


def now() -> int:
    """Seconds since 1970, as all tables have them."""
    return int(time.time())


def _prepare_sqlite(connection: SQLiteConnection, _: object) -> None:
    # Readers go on while one writes, and a second writer waits instead of failing.
    for pragma in ("journal_mode=WAL", "busy_timeout=5000", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
