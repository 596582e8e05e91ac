"""How far an import was a minute ago: the page says how long the rest takes."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("imports", sa.Column("marked_at", sa.DateTime()))
    op.add_column("imports", sa.Column("marked_position", sa.Integer()))


def downgrade() -> None:
    op.drop_column("imports", "marked_position")
    op.drop_column("imports", "marked_at")
