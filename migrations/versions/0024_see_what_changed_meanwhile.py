"""See what changed while a mail was planned, and keep the name of one that may have left already."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("enrolments", sa.Column("revision", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("enrolments", sa.Column("tried_as", sa.String(26)))


def downgrade() -> None:
    op.drop_column("enrolments", "tried_as")
    op.drop_column("enrolments", "revision")
