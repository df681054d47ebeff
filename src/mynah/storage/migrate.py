"""Migrations of the database's schema: what a database is at, what it needs, and doing that."""

import logging
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from sqlalchemy import Connection, create_engine

from mynah.errors import StorageError
from mynah.storage.failures import explained
from mynah.storage.layout import ColumnLayout, read_columns, read_schema
from mynah.storage.revisions import FIRST, revisions, run_revisions
from mynah.storage.schema_access import SchemaAccess, schema_access

_log = logging.getLogger(__name__)


class MigrationPolicy(IntEnum):
    """The most that opening a database may change in its schema."""

    CHECK = 0
    """Nothing, as workers."""
    CREATE = 1
    """Create tables where there are none, and stamp those from before there were revisions."""
    UPGRADE = 2
    """Upgrade tables, too."""


@dataclass(frozen=True, slots=True)
class Migration:
    """A database's way to the newest revision.

    Attributes:
        stamped: the revision that the database says it has; None if it says nothing.
        base: the revision that its tables have; None if there are no tables.
        head: the newest one.
    """

    stamped: str | None
    base: str | None
    head: str

    @property
    def needs(self) -> MigrationPolicy:
        """The least policy that allows it; `CHECK` if there is nothing to do."""
        if self.stamped == self.head:
            return MigrationPolicy.CHECK
        return MigrationPolicy.CREATE if self.base in (None, self.head) else MigrationPolicy.UPGRADE


def current(url: str) -> str | None:
    """The revision that a database is stamped with, whichever that is; None if there is none.

    Raises:
        StorageError: it cannot be read.
    """
    access = schema_access(url)
    with explained(access.name), access.look() as connection:
        return read_schema(connection).revision


def check(url: str) -> str:
    """Check that a database is whole, and at the newest revision, which is returned.

    Raises:
        StorageError: it is not.
    """
    access = schema_access(url)
    with explained(access.name):
        access.check_integrity()
        migration = _look(access)
        if migration.needs > MigrationPolicy.CHECK:
            raise _refused(migration, access)
        _check_columns(access, migration.head)
    return migration.head


def upgrade(url: str) -> Path | None:
    """Bring a database to the newest revision; see `prepare`."""
    return prepare(url, MigrationPolicy.UPGRADE)


def prepare(url: str, policy: MigrationPolicy) -> Path | None:
    """Bring a database to the newest revision if it is not there, as far as a policy allows.

    Returns:
        The copy that was made of it before, if one was.

    Raises:
        StorageError: the policy does not allow it, or the database is of a newer Mynah, damaged,
            read-only or out of reach; it is as it was then.
    """
    access = schema_access(url)
    with explained(access.name):
        access.check_writable()
        migration = _look(access)
        if migration.needs > policy:
            raise _refused(migration, access)
        return None if migration.needs == MigrationPolicy.CHECK else _migrate(access)


def _look(access: SchemaAccess) -> Migration:
    with access.look() as connection:
        return _plan(connection, access)


def _plan(connection: Connection, access: SchemaAccess) -> Migration:
    known = revisions()
    schema = read_schema(connection)
    if schema.revision not in (None, *known):
        raise StorageError(
            f"{access.name} is of a newer Mynah (revision {schema.revision}, and this one knows "
            f"those up to {known[-1]}); install that one, or set MYNAH_DATA to another folder."
        )
    base = schema.revision
    if base is None and schema.tables:
        base = _base_of_unstamped(connection, access)
    return Migration(schema.revision, base, known[-1])


def _base_of_unstamped(connection: Connection, access: SchemaAccess) -> str | None:
    expected, found = _layout_of(FIRST), read_columns(connection)
    if access.shared:
        ours = {column.table for column in expected}
        found = frozenset(column for column in found if column.table in ours)
        if not found:
            return None
    if odd := sorted(expected ^ found):
        raise StorageError(
            f"{access.name} has no revision, and its column {odd[0].table}.{odd[0].name} is not "
            "as Mynah made it; set MYNAH_DATA or MYNAH_DATABASE_URL to a database of Mynah's own."
        )
    return FIRST


def _check_columns(access: SchemaAccess, revision: str) -> None:
    """Refuse a database that lacks what its revision has; types differ between databases."""
    with access.look() as connection:
        found = {(column.table, column.name) for column in read_columns(connection)}
    lost = sorted({(column.table, column.name) for column in _layout_of(revision)} - found)
    if lost:
        table, column = lost[0]
        raise StorageError(
            f"{access.name} is at revision {revision}, but lacks the column {table}.{column} of "
            "it; put a backup in its place."
        )


def _layout_of(revision: str) -> frozenset[ColumnLayout]:
    with create_engine("sqlite://").connect() as connection:
        run_revisions(connection, revision)
        return read_columns(connection)


def _migrate(access: SchemaAccess) -> Path | None:
    copy: Path | None = None
    try:
        with access.change() as connection:
            # Again, since another process may have been faster.
            migration = _plan(connection, access)
            if migration.needs == MigrationPolicy.CHECK:
                return None
            if migration.base is not None:
                copy = access.copy(migration.head)
            stamp = None if migration.stamped else migration.base
            run_revisions(connection, migration.head, stamp)
    except BaseException:
        if copy is not None:
            copy.unlink(missing_ok=True)  # of a database that is as it was
        raise
    facts = {"before": migration.stamped, "after": migration.head, "copy": copy and str(copy)}
    _log.info("database upgraded", extra=facts)
    return copy


def _refused(migration: Migration, access: SchemaAccess) -> StorageError:
    if migration.base is None:
        return StorageError(
            f"{access.name} has no tables yet; start `mynah serve`, or run `mynah db upgrade`."
        )
    has = f"is at revision {migration.stamped}" if migration.stamped else "has no revision yet"
    return StorageError(
        f"{access.name} {has}, and this Mynah needs {migration.head}; stop servers of an older "
        "one, and run `mynah db upgrade`."
    )
