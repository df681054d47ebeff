"""Tables of everything that outlives a request, in SQLite or PostgreSQL."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    true,
)

metadata = MetaData()


def _owner(*, index: bool = False) -> Column[str]:
    """Owner of a row; rows from before there were owners have the default one."""
    return Column("owner", Text, nullable=False, server_default="default", index=index)


keys = Table(
    "keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("hash", Text, nullable=False, unique=True),
    Column("scopes", JSON, nullable=False),
    Column("created_at", Integer, nullable=False),
    Column("expires_at", Integer),
    Column("revoked_at", Integer),
    _owner(),
)
voices = Table(
    "voices",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, index=True),
    Column("language", Text, nullable=False),
    Column("labels", JSON, nullable=False),
    Column("consent", Text),
    Column("default_version", Text, nullable=False),
    Column("created_at", Integer, nullable=False),
    _owner(),
    UniqueConstraint("owner", "name", name="voices_owner_name_key"),
)
voice_shares = Table(
    "voice_shares",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("voice_id", ForeignKey("voices.id", ondelete="CASCADE"), nullable=False),
    Column("owner", Text, nullable=False, index=True),
    Column("access", Text, nullable=False),
    Column("created_at", Integer, nullable=False),
    UniqueConstraint("voice_id", "owner", name="voice_shares_voice_id_owner_key"),
)
recordings = Table(
    "recordings",
    metadata,
    Column("id", Text, primary_key=True),
    Column("voice_id", ForeignKey("voices.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("version", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("text", Text),
    Column("seconds", Float, nullable=False),
)
stored_audio = Table(
    "stored_audio",
    metadata,
    Column("id", Text, primary_key=True),
    Column("caller", Text, nullable=False, index=True),
    Column("media_type", Text, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("secret", Text, nullable=False),
    Column("created_at", Integer, nullable=False),
    Column("expires_at", Integer, nullable=False, index=True),
    _owner(),
)
first_answers = Table(
    "first_answers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("request", Text),
    Column("status", Integer),
    Column("body", LargeBinary),
    Column("created_at", Integer, nullable=False, index=True),
    _owner(),
    Index("ix_first_answers_owner_created_at", "owner", "created_at"),
)
versions = Table(
    "versions",
    metadata,
    Column("voice_id", ForeignKey("voices.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("job_id", Text, nullable=False, unique=True),
    Column("weights", Text, nullable=False),
    Column("base_model", Text, nullable=False),
    Column("parent", Integer, nullable=False),
    Column("report", JSON, nullable=False),
    Column("metrics", JSON, nullable=False),
    Column("created_at", Integer, nullable=False),
)
rollouts = Table(
    "rollouts",
    metadata,
    Column("voice_id", ForeignKey("voices.id", ondelete="CASCADE"), primary_key=True),
    Column("earlier", JSON, nullable=False),
    Column("traffic", JSON, nullable=False),
)
rollout_steps = Table(
    "rollout_steps",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("voice_id", ForeignKey("voices.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("reason", Text),
    Column("mark", Text, nullable=False),
    Column("created_at", Integer, nullable=False),
)
answers = Table(
    "answers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("caller", Text, nullable=False),
    Column("voice_id", ForeignKey("voices.id", ondelete="CASCADE"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("failed", Boolean, nullable=False),
    Column("rating", Integer),
    Column("similarity", Float),
    Column("created_at", Integer, nullable=False, index=True),
    _owner(),
    Column("trusted", Boolean, nullable=False, server_default=true()),
    Index("answers_of_version", "voice_id", "version", "id"),
)
jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("caller", Text, nullable=False, index=True),
    Column("voice_id", Text, nullable=False, index=True),
    Column("request", JSON, nullable=False),
    Column("callback_url", Text),
    Column("state", Text, nullable=False, index=True),
    Column("progress", JSON, nullable=False),
    Column("error", JSON),
    Column("version", Integer),
    Column("attempts", Integer, nullable=False),
    Column("fruitless", Integer, nullable=False),
    Column("cancelling", Boolean, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("holder", Text),
    Column("lease_until", Float),
    Column("sent_at", Float),
    Column("checkpoint", Integer),
    Column("created_at", Integer, nullable=False),
    Column("started_at", Integer),
    Column("ended_at", Integer),
    _owner(index=True),
)
job_events = Table(
    "job_events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("data", JSON, nullable=False),
    Column("created_at", Integer, nullable=False),
)
webhook_secrets = Table(
    "webhook_secrets",
    metadata,
    Column("caller", Text, primary_key=True),
    Column("secret", Text, nullable=False),
    Column("created_at", Integer, nullable=False),
    Column("earlier", Text),
    Column("earlier_until", Integer),
)
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("caller", Text, nullable=False, index=True),
    Column("job_id", Text, nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Float, nullable=False, index=True),
    Column("created_at", Integer, nullable=False),
    _owner(index=True),
)
delivery_attempts = Table(
    "delivery_attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "delivery_id", ForeignKey("deliveries.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("status", Integer),
    Column("error", Text),
    Column("milliseconds", Integer, nullable=False),
    Column("created_at", Integer, nullable=False),
)
