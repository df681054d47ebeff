"""Owners of keys, voices and all that keys make, and shares of voices.

All that was there belongs to the default owner.
"""

import sqlalchemy as sa
from alembic import op

revision = "r0002"
down_revision = "r0001"

_NAMES = {"uq": "%(table_name)s_%(column_0_name)s_key"}
"""PostgreSQL's names of unique constraints, for those that SQLite has without a name."""


def upgrade() -> None:
    """Give every row an owner, and make names of voices unique for each owner."""
    for table in ("keys", "stored_audio", "answers", "jobs", "deliveries"):
        op.add_column(table, _owner())
    for table in ("jobs", "deliveries"):
        op.create_index(f"ix_{table}_owner", table, ["owner"])
    op.add_column(
        "answers", sa.Column("trusted", sa.Boolean, nullable=False, server_default=sa.true())
    )
    with op.batch_alter_table("voices", naming_convention=_NAMES) as voices:
        voices.add_column(_owner())
        voices.drop_constraint("voices_name_key", type_="unique")
        voices.create_unique_constraint("voices_owner_name_key", ["owner", "name"])
    op.create_index("ix_voices_name", "voices", ["name"])
    _create_shares()


def _owner() -> sa.Column[str]:
    return sa.Column("owner", sa.Text, nullable=False, server_default="default")


def _create_shares() -> None:
    voice = sa.ForeignKey("voices.id", ondelete="CASCADE")
    op.create_table(
        "voice_shares",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("voice_id", sa.Text, voice, nullable=False),
        sa.Column("owner", sa.Text, nullable=False, index=True),
        sa.Column("access", sa.Text, nullable=False),
        sa.Column("created_at", sa.Integer, nullable=False),
        sa.UniqueConstraint("voice_id", "owner", name="voice_shares_voice_id_owner_key"),
    )
