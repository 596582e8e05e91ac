"""The newest leads of a state are found without a look at all of them."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_leads_state_changed_at_id", "leads", ["state", "changed_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_leads_state_changed_at_id", table_name="leads")
