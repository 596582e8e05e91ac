"""What providers report: events that wait for their message, signed posts, look-ups, lists."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_STATES = sa.Enum(
    "received", "parked", "applied", name="eventstate", native_enum=False, create_constraint=True, length=32
)


def upgrade() -> None:
    # Nothing wrote to the old form of it.
    op.drop_index(op.f("ix_provider_events_message_id"), table_name="provider_events")
    op.drop_table("provider_events")
    op.create_table(
        "provider_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("reference", sa.String(length=26), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=True),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("happened_at", sa.DateTime(), nullable=False),
        sa.Column("heard_at", sa.DateTime(), nullable=False),
        sa.Column("state", _STATES, nullable=False),
        sa.Column("event_key", sa.String(length=64), nullable=True),
        sa.Column("dedupe_key", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["messages.id"],
            name=op.f("fk_provider_events_message_id_messages"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_events")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_provider_events_dedupe_key")),
        sa.UniqueConstraint("event_key", name=op.f("uq_provider_events_event_key")),
    )
    op.create_index(op.f("ix_provider_events_message_id"), "provider_events", ["message_id"])
    op.create_index(op.f("ix_provider_events_digest"), "provider_events", ["digest"])
    for name, column in (("received", "id"), ("parked", "reference")):
        only = sa.text(f"state = '{name}'")
        op.create_index(
            f"ix_provider_events_{name}",
            "provider_events",
            [column],
            sqlite_where=only,
            postgresql_where=only,
        )
    op.create_table(
        "provider_posts",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("taken_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_provider_posts")),
    )
    op.create_index(op.f("ix_provider_posts_taken_at"), "provider_posts", ["taken_at"])
    op.create_table(
        "message_lookups",
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["messages.id"],
            name=op.f("fk_message_lookups_message_id_messages"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_message_lookups")),
    )
    op.create_index(op.f("ix_message_lookups_next_at"), "message_lookups", ["next_at"])
    op.create_table(
        "provider_syncs",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_provider_syncs")),
    )


def downgrade() -> None:
    op.drop_table("provider_syncs")
    op.drop_index(op.f("ix_message_lookups_next_at"), table_name="message_lookups")
    op.drop_table("message_lookups")
    op.drop_index(op.f("ix_provider_posts_taken_at"), table_name="provider_posts")
    op.drop_table("provider_posts")
    for name in ("parked", "received", "digest", "message_id"):
        op.drop_index(f"ix_provider_events_{name}", table_name="provider_events")
    op.drop_table("provider_events")
    op.create_table(
        "provider_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("happened_at", sa.DateTime(), nullable=False),
        sa.Column("dedupe_key", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["messages.id"],
            name=op.f("fk_provider_events_message_id_messages"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_events")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_provider_events_dedupe_key")),
    )
    op.create_index(op.f("ix_provider_events_message_id"), "provider_events", ["message_id"])
