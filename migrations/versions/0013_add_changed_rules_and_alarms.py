"""The owner's own limits, what the program stopped by itself, and where mails of a step are counted."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_OPEN = sa.text("resolved_at IS NULL")
_TROUBLE = sa.text("state IN ('bounced', 'complained', 'rejected')")
_LEFT = sa.text("sent_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "changed_rules",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("was", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["changed_by"], ["staff.id"], name=op.f("fk_changed_rules_changed_by_staff")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_changed_rules")),
    )
    op.create_table(
        "alarms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("scope", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("raised_at", sa.DateTime(), nullable=False),
        sa.Column("resolved_at", sa.DateTime(), nullable=True),
        sa.Column("resolved_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["resolved_by"], ["staff.id"], name=op.f("fk_alarms_resolved_by_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarms")),
    )
    op.create_index("ix_alarms_scope_kind", "alarms", ["scope", "kind"])
    op.create_index(
        "uq_alarms_open",
        "alarms",
        ["scope", "kind"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_index(
        "ix_messages_changed_at_trouble",
        "messages",
        ["changed_at"],
        sqlite_where=_TROUBLE,
        postgresql_where=_TROUBLE,
    )
    op.create_index(
        "ix_messages_step_id_sent_at",
        "messages",
        ["step_id", "sent_at"],
        sqlite_where=_LEFT,
        postgresql_where=_LEFT,
    )


def downgrade() -> None:
    op.drop_index("ix_messages_step_id_sent_at", table_name="messages")
    op.drop_index("ix_messages_changed_at_trouble", table_name="messages")
    op.drop_table("alarms")
    op.drop_table("changed_rules")
