"""What is left of a delay while a sequence is paused, and since when a step that we hold up is due."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("enrolments", sa.Column("held_at", sa.DateTime()))
    op.add_column("enrolments", sa.Column("held_due_at", sa.DateTime()))


def downgrade() -> None:
    op.drop_column("enrolments", "held_due_at")
    op.drop_column("enrolments", "held_at")
