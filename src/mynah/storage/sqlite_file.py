"""The file of a SQLite database: looked at without a trace, locked, checked and copied."""

import fcntl
import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from mynah.errors import StorageError
from mynah.runtime.files import fsync

_log = logging.getLogger(__name__)
_PRIVATE = 0o600


def prepare_connection(connection: sqlite3.Connection, _: object) -> None:
    """Set the pragmas that every connection needs; a listener for SQLAlchemy's `connect`."""
    # Readers go on while one writes, and a second writer waits instead of failing.
    for pragma in ("journal_mode=WAL", "busy_timeout=5000", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def connect_to_look(path: Path) -> sqlite3.Connection:
    """A connection that leaves the file as it is, for reading."""
    # On closing, SQLite moves what a killed process left in its log into the file, unless the
    # connection may only read; one that may only read leaves an empty log behind.
    log = path.with_name(f"{path.name}-wal")
    mode = "ro" if log.exists() and log.stat().st_size else "rw"
    return sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode={mode}", uri=True)


def check_writable(path: Path) -> None:
    """Refuse a file, or the folder of one, that this process may not write.

    Raises:
        StorageError: that is so.
    """
    for each in (path, path.parent):
        if each.exists() and not os.access(each, os.W_OK):
            raise StorageError(
                f"{each} cannot be written, and the database {path.name} needs that; let this "
                "user write it, or set MYNAH_DATA to another folder."
            )


def check_integrity(path: Path) -> None:
    """Refuse a file whose pages do not fit together.

    Raises:
        StorageError: that is so.
        sqlite3.DatabaseError: they cannot even be read.
    """
    with closing(connect_to_look(path)) as connection:
        ((found,),) = connection.execute("PRAGMA quick_check(1)").fetchall()
    if found != "ok":
        raise StorageError(
            f"The database {path} is damaged ({found.splitlines()[-1]}); put a backup in its "
            "place, such as the newest `.before-` copy beside it."
        )


def make_private(path: Path) -> None:
    """Make the file if it is missing, readable by this user alone: keys are in it.

    SQLite gives its log, and what else it makes beside the file, the file's own mode.
    """
    path.touch(_PRIVATE)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process at a time change the schema.

    The lock is the system's and ends with the process; the lock file stays.
    """
    with path.with_name(f"{path.name}.lock").open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _log.info("waiting for another process that upgrades the database")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def copy_beside(path: Path, revision: str) -> Path:
    """Copy a database before it is upgraded to a revision.

    Returns:
        The copy, which is whole and on the disk.

    Raises:
        StorageError: the database is damaged.
        sqlite3.Error, OSError: it cannot be copied.
    """
    check_integrity(path)
    time = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%SZ")
    copy = path.with_name(f"{path.name}.before-{revision}-{time}")
    part = path.with_name(f"{path.name}.before-{revision}.part")
    part.unlink(missing_ok=True)  # of a process that was killed
    try:
        part.touch(_PRIVATE)
        with closing(connect_to_look(path)) as source, closing(sqlite3.connect(part)) as target:
            source.backup(target)
        shutil.copymode(path, part)
        fsync(part)
        part.replace(copy)
        fsync(copy.parent)
    finally:
        part.unlink(missing_ok=True)
    return copy
