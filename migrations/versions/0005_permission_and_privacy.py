"""Permission and privacy."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contacts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("address_digest", sa.String(length=32), nullable=False),
        sa.Column("domain_digest", sa.String(length=32), nullable=True),
        sa.Column("message", sa.String(length=26), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
        sa.UniqueConstraint("message", name=op.f("uq_contacts_message")),
    )
    op.create_index("ix_contacts_address_digest_at", "contacts", ["address_digest", "at"], unique=False)
    op.create_index("ix_contacts_domain_digest_at", "contacts", ["domain_digest", "at"], unique=False)
    op.create_table(
        "erasures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=26), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.Column("finished_at", sa.DateTime(), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
        sa.UniqueConstraint("public_id", name=op.f("uq_erasures_public_id")),
    )
    op.create_index(op.f("ix_erasures_digest"), "erasures", ["digest"], unique=False)
    op.create_table(
        "refusals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=26), nullable=False),
        sa.Column(
            "scope",
            sa.Enum(
                "address",
                "domain",
                "sequence",
                "measuring",
                "snooze",
                name="refusalscope",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("scope_id", sa.Integer(), nullable=True),
        sa.Column(
            "reason",
            sa.Enum(
                "unsubscribe",
                "objection",
                "complaint",
                "reply",
                "declined",
                "erasure",
                "by_staff",
                "withdrawn",
                name="refusalreason",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("until", sa.DateTime(), nullable=True),
        sa.Column("message", sa.String(length=26), nullable=False),
        sa.Column("refused_at", sa.DateTime(), nullable=False),
        sa.Column("lifted_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refusals")),
        sa.UniqueConstraint("public_id", name=op.f("uq_refusals_public_id")),
    )
    op.create_table(
        "assessments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("scope", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_by", sa.Integer(), nullable=True),
        sa.Column("written_at", sa.DateTime(), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["written_by"], ["staff.id"], name=op.f("fk_assessments_written_by_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessments")),
    )
    op.create_table(
        "country_overrides",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("column", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["staff.id"], name=op.f("fk_country_overrides_decided_by_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_country_overrides")),
        sa.UniqueConstraint("country", "column", name=op.f("uq_country_overrides_country_column")),
    )
    op.create_table(
        "refusal_keys",
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("refusal_id", sa.Integer(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["refusal_id"], ["refusals.id"], name=op.f("fk_refusal_keys_refusal_id_refusals")
        ),
        sa.PrimaryKeyConstraint("digest", "refusal_id", name=op.f("pk_refusal_keys")),
    )
    op.create_index("ix_refusal_keys_refusal_id", "refusal_keys", ["refusal_id"], unique=False)
    op.create_table(
        "evidence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("prospect_id", sa.Integer(), nullable=False),
        sa.Column(
            "basis",
            sa.Enum(
                "published_address",
                "customer",
                "consent",
                "legitimate_interest",
                name="basis",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("wording", sa.String(length=500), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("confirmed_by", sa.String(length=120), nullable=False),
        sa.Column("assessment_id", sa.Integer(), nullable=True),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.Column("given_at", sa.DateTime(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name=op.f("fk_evidence_assessment_id_assessments")
        ),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_evidence_import_id_imports"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["prospect_id"],
            ["prospects.id"],
            name=op.f("fk_evidence_prospect_id_prospects"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
    )
    op.create_index(op.f("ix_evidence_import_id"), "evidence", ["import_id"], unique=False)
    op.create_index(op.f("ix_evidence_prospect_id"), "evidence", ["prospect_id"], unique=False)
    op.create_table(
        "rights_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("prospect_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.Column("closed_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["closed_by"], ["staff.id"], name=op.f("fk_rights_requests_closed_by_staff")),
        sa.ForeignKeyConstraint(
            ["prospect_id"],
            ["prospects.id"],
            name=op.f("fk_rights_requests_prospect_id_prospects"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rights_requests")),
    )
    op.create_index(op.f("ix_rights_requests_prospect_id"), "rights_requests", ["prospect_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_rights_requests_prospect_id"), table_name="rights_requests")
    op.drop_table("rights_requests")
    op.drop_index(op.f("ix_evidence_prospect_id"), table_name="evidence")
    op.drop_index(op.f("ix_evidence_import_id"), table_name="evidence")
    op.drop_table("evidence")
    op.drop_index("ix_refusal_keys_refusal_id", table_name="refusal_keys")
    op.drop_table("refusal_keys")
    op.drop_table("country_overrides")
    op.drop_table("assessments")
    op.drop_table("refusals")
    op.drop_index(op.f("ix_erasures_digest"), table_name="erasures")
    op.drop_table("erasures")
    op.drop_index("ix_contacts_domain_digest_at", table_name="contacts")
    op.drop_index("ix_contacts_address_digest_at", table_name="contacts")
    op.drop_table("contacts")
