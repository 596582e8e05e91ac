"""A pause of a sequence, a mailbox or everything may end by itself."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pause_ends",
        sa.Column("scope", sa.String(length=64), nullable=False),
        sa.Column("ends_at", sa.DateTime(), nullable=False),
        sa.Column("set_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["set_by"], ["staff.id"], name=op.f("fk_pause_ends_set_by_staff")),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_pause_ends")),
    )
    op.create_index("ix_pause_ends_ends_at", "pause_ends", ["ends_at"])


def downgrade() -> None:
    op.drop_table("pause_ends")
