"""Outages of a database in use, as errors that say to try again."""

import sqlite3

from sqlalchemy import Engine, QueuePool, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError, TimeoutError
from sqlalchemy.pool import PoolProxiedConnection

from mynah.errors import DatabaseUnavailableError, StorageFullError, UnavailableError

DATABASE_ERRORS = (SQLAlchemyError, DatabaseUnavailableError, StorageFullError)
"""Every error of a database that reports its outages."""

_AWAY = "The database does not answer; try again in a moment."
_FULL = "The disk of the database is full; its operator must free some space."
_SQLITE_OUTAGES = ("BUSY", "CANTOPEN", "IOERR", "LOCKED", "PERM", "READONLY")
"""Primary codes of SQLite that pass without a change to Mynah; others are defects."""
_DISK_FULL = "53100"
"""PostgreSQL's code of a full disk (its manual, appendix A)."""


class WaitingPool(QueuePool):
    """Pool that reports as an outage that no connection became free in time."""

    def connect(self) -> PoolProxiedConnection:
        """Take a connection.

        Raises:
            DatabaseUnavailableError: all were in use for too long.
        """
        try:
            return super().connect()
        except TimeoutError as error:
            raise DatabaseUnavailableError(_AWAY) from error


def report_outages(records: Engine) -> None:
    """Have a database raise `UnavailableError` where nobody but its operator is to blame."""
    event.listen(records, "handle_error", _report)


def _report(context: ExceptionContext) -> None:
    # A ping that fails has a new connection made, and that fails by itself.
    if context.is_pre_ping or context.sqlalchemy_exception is None:
        return
    error = _outage(context)
    if error is not None:
        raise error from context.original_exception


def _outage(context: ExceptionContext) -> UnavailableError | None:
    cause = context.original_exception
    if isinstance(cause, sqlite3.Error):
        return _sqlite_outage(cause)
    if getattr(cause, "sqlstate", None) == _DISK_FULL:
        return StorageFullError(_FULL)
    kinds = (OperationalError, InterfaceError)
    if context.is_disconnect or isinstance(context.sqlalchemy_exception, kinds):
        return DatabaseUnavailableError(_AWAY)
    return None


def _sqlite_outage(cause: sqlite3.Error) -> UnavailableError | None:
    # An extended name, such as SQLITE_IOERR_WRITE, begins with its primary one.
    primary = getattr(cause, "sqlite_errorname", "").split("_")[1:2]
    if primary == ["FULL"]:
        return StorageFullError(_FULL)
    return DatabaseUnavailableError(_AWAY) if primary and primary[0] in _SQLITE_OUTAGES else None
