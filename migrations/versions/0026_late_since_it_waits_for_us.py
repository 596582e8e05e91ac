"""A mail that waits for its provider stays as late as it is."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("late_from", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("messages", "late_from")
