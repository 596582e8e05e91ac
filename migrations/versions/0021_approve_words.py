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
    # Without the words an approval would be one of any words, also after the way up again. Whose first mail
    # has not left waits for a colleague instead.
    op.execute(
        """
        UPDATE enrolments SET approved_at = NULL, approved_by = NULL
        WHERE approved_words IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM messages WHERE messages.enrolment_id = enrolments.id
            AND messages.state IN ('sent', 'delivered', 'bounced', 'complained')
        )
        """
    )
    op.drop_column("enrolments", "approved_words")
