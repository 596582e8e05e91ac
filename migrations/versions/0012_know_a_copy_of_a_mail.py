"""What makes two inbound mails the same one, beside their bytes."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("inbound_mails", sa.Column("essence", sa.String(length=64)))
    op.create_index("ix_inbound_mails_essence", "inbound_mails", ["essence"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_inbound_mails_essence", "inbound_mails")
    op.drop_column("inbound_mails", "essence")
