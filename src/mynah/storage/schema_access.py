"""Ways to a database's schema: a look that changes nothing, and a change by one at a time."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event
from sqlalchemy.engine import make_url

from mynah.errors import OptionError, StorageError
from mynah.storage import sqlite_file
from mynah.storage.clock import advisory_lock


class SchemaAccess(Protocol):
    """A database whose schema is read and changed.

    Attributes:
        name: of the database, in messages.
        shared: other programs may have tables in it.
    """

    name: str
    shared: bool

    def look(self) -> AbstractContextManager[Connection]:
        """A connection to read one state of it with; a database that is not there is empty."""

    def change(self) -> AbstractContextManager[Connection]:
        """A connection in the only transaction that changes the schema, committed at the end."""

    def copy(self, revision: str) -> Path | None:
        """Copy the database before its upgrade to a revision; None where that is not our part.

        Raises:
            StorageError: it is damaged.
        """

    def check_writable(self) -> None:
        """Refuse a database that this process may not write, where that can be told.

        Raises:
            StorageError: that is so.
        """

    def check_integrity(self) -> None:
        """Refuse a damaged database, where that can be told.

        Raises:
            StorageError: that is so.
        """


def schema_access(url: str) -> SchemaAccess:
    """The way to the schema of the database of a URL.

    Raises:
        OptionError: it is a SQLite database without a file.
    """
    where = make_url(url)
    if where.get_backend_name() != "sqlite":
        return ServerSchema(where)
    if where.database in (None, "", ":memory:"):
        raise OptionError(f"The database {url} has no file; set MYNAH_DATABASE_URL to one with it.")
    return SQLiteSchema(where)


class SQLiteSchema:
    """See `SchemaAccess`; a file.

    Args:
        url: with the path of the file.
    """

    shared = False

    def __init__(self, url: URL) -> None:
        self._url = url
        self._path = Path(url.database or "")
        self.name = f"The database {self._path}"

    @contextmanager
    def look(self) -> Iterator[Connection]:
        if not self._path.exists():
            engine = create_engine("sqlite://")
        else:
            engine = create_engine(
                "sqlite://",
                creator=lambda: sqlite_file.connect_to_look(self._path),
                poolclass=NullPool,
            )
        with _connected(engine) as connection:
            connection.exec_driver_sql("BEGIN")  # the driver begins none before it reads
            yield connection

    @contextmanager
    def change(self) -> Iterator[Connection]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self.check_writable()
        sqlite_file.make_private(self._path)
        engine = create_engine(self._url, poolclass=NullPool)
        event.listen(engine, "connect", sqlite_file.prepare_connection)
        with sqlite_file.locked(self._path), _connected(engine) as connection:
            # A table that SQLite cannot alter is made anew; dropping the old one would take along
            # the rows that refer to it.
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            # The driver begins no transaction before it creates or alters a table.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            self._check_references(connection)
            connection.commit()

    def copy(self, revision: str) -> Path:
        return sqlite_file.copy_beside(self._path, revision)

    def check_writable(self) -> None:
        sqlite_file.check_writable(self._path)

    def check_integrity(self) -> None:
        if self._path.exists():
            sqlite_file.check_integrity(self._path)

    def _check_references(self, connection: Connection) -> None:
        lost = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if lost is not None:
            raise StorageError(
                f"{self.name} was not changed: its upgrade would leave rows of `{lost[0]}` without "
                f"those of `{lost[2]}` that they belong to; keep it and report this."
            )


class ServerSchema:
    """See `SchemaAccess`; a database server, PostgreSQL."""

    shared = True

    def __init__(self, url: URL) -> None:
        self._url = url
        self.name = f"The database {url.render_as_string(hide_password=True)}"

    @contextmanager
    def look(self) -> Iterator[Connection]:
        engine = create_engine(self._url, poolclass=NullPool, isolation_level="REPEATABLE READ")
        with _connected(engine) as connection:
            yield connection

    @contextmanager
    def change(self) -> Iterator[Connection]:
        # Not repeatable: what is read must be newer than the wait for others.
        engine = create_engine(self._url, poolclass=NullPool, isolation_level="READ COMMITTED")
        with _connected(engine) as connection, connection.begin():
            advisory_lock(connection, "schema")
            yield connection

    def copy(self, revision: str) -> None:
        """See `SchemaAccess`; whoever runs the server backs it up."""

    def check_writable(self) -> None:
        """See `SchemaAccess`."""

    def check_integrity(self) -> None:
        """See `SchemaAccess`."""


@contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()
