"""Claims: rows whose time has come, each taken by one of all servers and workers.

A claim writes what makes its row due no longer, or due again at a later time. Whoever dies with a
claim leaves the row to be claimed again when that time comes, by the database's clock.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, select, update


def claim(
    connection: Connection,
    table: Table,
    due: ColumnElement[bool],
    values: Mapping[str, Any],
    order: ColumnElement[Any],
    limit: int,
) -> Sequence[RowMapping]:
    """Claim rows in a transaction of the caller's, which must not have read them before.

    Args:
        connection: of the transaction.
        table: with a column `id`.
        due: true of the rows that may be claimed.
        values: written into each row.
        order: of the rows, of which the first ones are claimed.
        limit: most rows to claim.

    Returns:
        The rows as they are then, by their ids.
    """
    candidates = connection.scalars(select(table.c.id).where(due).order_by(order).limit(limit))
    claiming = update(table).where(due).values(values).returning(table)
    claimed: list[RowMapping] = []
    # In one order for all, since each row stays locked until the end: no two wait for each other.
    for row_id in sorted(candidates):
        claimed += connection.execute(claiming.where(table.c.id == row_id)).mappings()
    return claimed
