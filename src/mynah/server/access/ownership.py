"""Ownership of rows: callers see their owner's, and those with the scope `admin` see all."""

from sqlalchemy import ColumnElement, Table, true

from mynah.server.access.keys import Caller


def owned_by(table: Table, caller: Caller) -> ColumnElement[bool]:
    """True of the rows of a table, with a column `owner`, that a caller can see."""
    return true() if caller.is_admin else table.c.owner == caller.owner
