"""Other addresses that somebody writes from: an answer from one of them stops their sequence."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "second_addresses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("prospect_id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("address_digest", sa.String(length=32), nullable=False),
        sa.Column("noted_by", sa.Integer(), nullable=True),
        sa.Column("noted_at", sa.DateTime(), nullable=False),
        sa.Column("removed_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["prospect_id"],
            ["prospects.id"],
            name=op.f("fk_second_addresses_prospect_id_prospects"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["noted_by"], ["staff.id"], name=op.f("fk_second_addresses_noted_by_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_addresses")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_second_addresses_prospect_id", "second_addresses", ["prospect_id"])
    op.create_index(
        "uq_second_addresses_live",
        "second_addresses",
        ["address_digest"],
        unique=True,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("second_addresses")
