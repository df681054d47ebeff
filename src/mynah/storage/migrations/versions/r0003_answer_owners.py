"""Owners of responses to writes, which are bounded by owner."""

import sqlalchemy as sa
from alembic import op

revision = "r0003"
down_revision = "r0002"


def upgrade() -> None:
    """Give every response an owner: those that are there belong to the default one."""
    owner = sa.Column("owner", sa.Text, nullable=False, server_default="default")
    op.add_column("first_answers", owner)
    op.create_index("ix_first_answers_owner_created_at", "first_answers", ["owner", "created_at"])
