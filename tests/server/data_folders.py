"""Data folders and revisions for tests of migrations."""

import gzip
import shutil
import sqlite3
import textwrap
from contextlib import closing
from pathlib import Path

from mynah.storage import revisions

BEFORE = Path(__file__).parent.parent / "data" / "before_migrations"
SECRET = "mynah_dy_f_OhXPsvnCUBhtfBb3EqWlaepzPa0x4_QqFzBtdc"
"""Of the key `fixture` there."""

CHANGES = """
    op.add_column("keys", sa.Column("note", sa.Text, nullable=False, server_default="none"))
    with op.batch_alter_table("voices") as voices:
        voices.add_column(sa.Column("rank", sa.Integer))
        voices.alter_column("language", existing_type=sa.Text(), server_default="auto")
"""
"""The usual steps. SQLite cannot do the last one but by a new table in place of the old one."""


def old_data_folder(folder: Path, recording: bytes) -> Path:
    """Unpacks the data folder from before migrations."""
    shutil.copytree(BEFORE / "audio", folder / "audio")
    (folder / "mynah.db").write_bytes(gzip.decompress((BEFORE / "mynah.db.gz").read_bytes()))
    (folder / "audio" / "recordings").mkdir()
    for (recording_id,) in query(folder, "SELECT id FROM recordings"):
        (folder / "audio" / "recordings" / f"{recording_id}.flac").write_bytes(recording)
    return folder


def first_revision(folder: Path) -> Path:
    """Alembic's folder with the first revision alone."""
    later = [f"{revision}*" for revision in revisions.revisions()[1:]]
    return shutil.copytree(revisions.MIGRATIONS, folder, ignore=shutil.ignore_patterns(*later))


def with_second_revision(folder: Path, steps: str) -> Path:
    """Alembic's folder with one revision after the first one, which does these steps."""
    return _with_revision(first_revision(folder), "r0002", "r0001", steps)


NEWEST = revisions.revisions()[-1]
NEXT = f"r{int(NEWEST[1:]) + 1:04}"


def with_next_revision(folder: Path, steps: str) -> Path:
    """Alembic's folder with a revision after the newest one, which does these steps."""
    shutil.copytree(revisions.MIGRATIONS, folder)
    return _with_revision(folder, NEXT, NEWEST, steps)


def _with_revision(folder: Path, name: str, after: str, steps: str) -> Path:
    head = f'import sqlalchemy as sa\nfrom alembic import op\nrevision = "{name}"\n'
    upgrade = f"def upgrade():\n{textwrap.indent(textwrap.dedent(steps), '    ')}\n"
    made = f'{head}down_revision = "{after}"\n{upgrade}'
    (folder / "versions" / f"{name}_test.py").write_text(made)
    return folder


def query(folder: Path, statement: str) -> list[tuple]:
    with closing(sqlite3.connect(folder / "mynah.db")) as connection:
        return connection.execute(statement).fetchall()


def rows(file: Path) -> dict[str, list[dict]]:
    """All that a database has, by table, but its revision."""
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        names = sorted(name for (name,) in tables if name != "alembic_version")
        return {
            name: [dict(row) for row in connection.execute(f"SELECT * FROM {name}")]
            for name in names
        }


def copies(folder: Path) -> list[Path]:
    return sorted(folder.glob("mynah.db.before-*"))
