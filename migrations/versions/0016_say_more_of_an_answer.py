"""Which one of its kind an inbound mail is, and the day it names: what Today suggests rests on them."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("inbound_mails", sa.Column("sub", sa.String(length=32), nullable=False, server_default=""))
    op.add_column("inbound_mails", sa.Column("until", sa.Date()))
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("inbound_mails", "sub", server_default=None)


def downgrade() -> None:
    op.drop_column("inbound_mails", "until")
    op.drop_column("inbound_mails", "sub")
