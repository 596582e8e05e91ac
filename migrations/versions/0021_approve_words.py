"""Approve words: a first mail whose text changes after it was approved waits for a colleague again."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("enrolments", sa.Column("approved_words", sa.String(32)))


def downgrade() -> None:
    op.drop_column("enrolments", "approved_words")
