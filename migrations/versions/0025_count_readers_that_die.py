"""An inbound mail that is in somebody's hand says so, and how many readers died over it."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("inbound_mails", sa.Column("deaths", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("inbound_mails", sa.Column("in_hand_until", sa.DateTime()))


def downgrade() -> None:
    op.drop_column("inbound_mails", "in_hand_until")
    op.drop_column("inbound_mails", "deaths")
