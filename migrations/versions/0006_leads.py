"""Leads."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "leads",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=36), nullable=False),
        sa.Column("prospect_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "conflict",
                "refused",
                "handed_over",
                "signed_up",
                "first_image",
                "paid",
                "closed",
                name="leadstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("code_digest", sa.String(length=64), nullable=False),
        sa.Column("code_expires_at", sa.DateTime(), nullable=False),
        sa.Column("code_used_at", sa.DateTime(), nullable=True),
        sa.Column("link_by_mail", sa.Boolean(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(), nullable=True),
        sa.Column("claim_id", sa.String(length=26), nullable=True),
        sa.Column("remote_id", sa.String(length=120), nullable=False),
        sa.Column("outcome", sa.String(length=300), nullable=False),
        sa.Column("converted_by", sa.Integer(), nullable=True),
        sa.Column("converted_at", sa.DateTime(), nullable=False),
        sa.Column("handed_over_at", sa.DateTime(), nullable=True),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["converted_by"], ["staff.id"], name=op.f("fk_leads_converted_by_staff")),
        sa.ForeignKeyConstraint(
            ["prospect_id"], ["prospects.id"], name=op.f("fk_leads_prospect_id_prospects"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leads")),
        sa.UniqueConstraint("code_digest", name=op.f("uq_leads_code_digest")),
        sa.UniqueConstraint("prospect_id", name=op.f("uq_leads_prospect_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_leads_public_id")),
    )
    op.create_index("ix_leads_state_next_try_at", "leads", ["state", "next_try_at"], unique=False)
    op.create_table(
        "lead_reports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webhook_id", sa.String(length=64), nullable=False),
        sa.Column("lead_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("happened_at", sa.DateTime(), nullable=False),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lead_id"], ["leads.id"], name=op.f("fk_lead_reports_lead_id_leads"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_reports")),
        sa.UniqueConstraint("webhook_id", name=op.f("uq_lead_reports_webhook_id")),
    )
    op.create_index(op.f("ix_lead_reports_lead_id"), "lead_reports", ["lead_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_lead_reports_lead_id"), table_name="lead_reports")
    op.drop_table("lead_reports")
    op.drop_index("ix_leads_state_next_try_at", table_name="leads")
    op.drop_table("leads")
