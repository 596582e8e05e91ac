"""Whether the domains we send from prove it, and since when one does not."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "own_domains",
        sa.Column("domain", sa.String(length=253), nullable=False),
        sa.Column("mark", sa.String(length=16), nullable=False),
        sa.Column("words", sa.String(length=300), nullable=False),
        sa.Column("checked_at", sa.DateTime(), nullable=True),
        sa.Column("failing_since", sa.DateTime(), nullable=True),
        sa.Column("next_check_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_own_domains")),
    )


def downgrade() -> None:
    op.drop_table("own_domains")
