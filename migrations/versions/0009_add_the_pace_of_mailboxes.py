"""A mailbox's gap between two messages, its first days, and from when on it is free."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_NUMBERS = (("gap_seconds", "600"), ("jitter_seconds", "300"), ("ramp_start", "10"), ("ramp_step", "5"))


def upgrade() -> None:
    for name, default in _NUMBERS:
        op.add_column("mailboxes", sa.Column(name, sa.Integer(), nullable=False, server_default=default))
    op.add_column("mailboxes", sa.Column("free_at", sa.DateTime()))
    op.add_column("mailboxes", sa.Column("held_by", sa.String(length=26)))


def downgrade() -> None:
    for name in ("held_by", "free_at", *(name for name, _ in reversed(_NUMBERS))):
        op.drop_column("mailboxes", name)
