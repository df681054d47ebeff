"""Errors of databases as one line that says what to do."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, OperationalError

from mynah.errors import StorageError

_RESTORE = "put a backup in its place, such as the newest `.before-` copy beside it"
_ALLOW = "let it be a file that this user may write, or set MYNAH_DATA to another folder"
_REACH = "check MYNAH_DATA and MYNAH_DATABASE_URL, and that the database can be reached"
_REPORT = "nothing was changed; remove the cause, or report it if it is Mynah's"
_REMEDIES = {
    "SQLITE_BUSY": "stop the other processes that use it, and try again",
    "SQLITE_CANTOPEN": _ALLOW,
    "SQLITE_CORRUPT": _RESTORE,
    "SQLITE_FULL": "free some disk space, and try again",
    "SQLITE_IOERR": "check the disk and its free space, and try again",
    "SQLITE_NOTADB": _RESTORE,
    "SQLITE_PERM": _ALLOW,
    "SQLITE_READONLY": _ALLOW,
}


@contextmanager
def explained(database: str) -> Iterator[None]:
    """Turn errors of a database's driver, and of its files, into `StorageError`.

    Args:
        database: its name in the message.

    Raises:
        StorageError: there was one.
    """
    try:
        yield
    except DBAPIError as error:
        cause = error.orig or error
        if isinstance(cause, sqlite3.Error):
            remedy = _remedy(cause)
        else:
            remedy = _REACH if isinstance(error, OperationalError) else _REPORT
        raise _explained(database, cause, remedy) from error
    except sqlite3.Error as error:
        raise _explained(database, error, _remedy(error)) from error
    except OSError as error:
        raise _explained(database, error, _REACH) from error


def _explained(database: str, error: BaseException, remedy: str) -> StorageError:
    first = next(iter(str(error).splitlines()), type(error).__name__)
    return StorageError(f"{database} cannot be used ({first}); {remedy}.")


def _remedy(error: sqlite3.Error) -> str:
    # An extended name, such as SQLITE_READONLY_DIRECTORY, begins with its primary one.
    name = "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])
    return _REMEDIES.get(name, _REPORT)
