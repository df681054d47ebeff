"""Revisions of the schema: those that there are, and a run of Alembic through them."""

import threading
from pathlib import Path

from sqlalchemy import Connection

MIGRATIONS = Path(__file__).parent / "migrations"
"""Alembic's folder. Each file in its `versions` is one revision, and they follow each other."""
FIRST = "r0001"
"""The schema of databases from before there were revisions."""

_one_run = threading.Lock()  # Alembic's context is the process's


def revisions() -> list[str]:
    """All revisions, the oldest first: `r0001` of `r0001_initial.py`, and so on."""
    # Not by Alembic, whose import takes longer than opening a database that needs nothing.
    return sorted(path.name[:5] for path in (MIGRATIONS / "versions").glob("r[0-9]*.py"))


def run_revisions(connection: Connection, to: str, stamp: str | None = None) -> None:
    """Run the revisions from a database's own one to another.

    Args:
        connection: in a transaction, which stays open.
        to: the last revision to run.
        stamp: the revision that a database has whose tables do not say so.
    """
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with _one_run:
        if stamp is not None:
            command.stamp(config, stamp)
        command.upgrade(config, to)
