"""Prospects."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "companies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("domain", sa.String(length=253), nullable=True),
        sa.Column("website", sa.String(length=500), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column(
            "legal_form",
            sa.Enum(
                "legal_person",
                "sole_trader",
                "partnership",
                "unknown",
                name="legalform",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("relevance", sa.String(length=500), nullable=False),
        sa.Column("relevance_by", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("released_at", sa.DateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_companies")),
        sa.UniqueConstraint("domain", name=op.f("uq_companies_domain")),
    )
    op.create_index(op.f("ix_companies_name"), "companies", ["name"], unique=False)
    op.create_table(
        "imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=26), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("file_digest", sa.String(length=64), nullable=False),
        sa.Column("stored_as", sa.String(length=64), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "uploaded",
                "running",
                "done",
                "stopped",
                "failed",
                name="importstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("fault", sa.String(length=300), nullable=False),
        sa.Column("claim_id", sa.String(length=26), nullable=True),
        sa.Column("lease_until", sa.DateTime(), nullable=True),
        sa.Column("started_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("finished_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["started_by"], ["staff.id"], name=op.f("fk_imports_started_by_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
        sa.UniqueConstraint("public_id", name=op.f("uq_imports_public_id")),
    )
    op.create_table(
        "prospects",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=200), nullable=False),
        sa.Column("role_relevance", sa.String(length=300), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("address_digest", sa.String(length=32), nullable=False),
        sa.Column(
            "address_kind",
            sa.Enum(
                "named",
                "generic",
                "never",
                name="addresskind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("address_state", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "new",
                "contacted",
                "replied",
                "meeting",
                "converted",
                "lost",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("restricted_at", sa.DateTime(), nullable=True),
        sa.Column("measuring_consent_at", sa.DateTime(), nullable=True),
        sa.Column("last_mail_at", sa.DateTime(), nullable=True),
        sa.Column("last_reply_at", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_prospects_company_id_companies")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["staff.id"], name=op.f("fk_prospects_owner_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prospects")),
        sa.UniqueConstraint("address_digest", name=op.f("uq_prospects_address_digest")),
    )
    op.create_index(op.f("ix_prospects_company_id"), "prospects", ["company_id"], unique=False)
    op.create_index(
        "ix_prospects_country_created_at_id", "prospects", ["country", "created_at", "id"], unique=False
    )
    op.create_index("ix_prospects_created_at_id", "prospects", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_prospects_owner_id_created_at_id", "prospects", ["owner_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_prospects_status_created_at_id", "prospects", ["status", "created_at", "id"], unique=False
    )
    op.create_table(
        "import_rows",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "added",
                "updated",
                "unchanged",
                "duplicate",
                "refused",
                "not_allowed",
                "broken",
                name="rowoutcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_import_rows_import_id_imports"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_rows")),
        sa.UniqueConstraint("import_id", "line", name=op.f("uq_import_rows_import_id_line")),
    )
    op.create_table(
        "sources",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("prospect_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "website",
                "fair",
                "referral",
                "inbound",
                "customer",
                "register",
                name="sourcekind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("words", sa.String(length=500), nullable=False),
        sa.Column("obtained_on", sa.Date(), nullable=False),
        sa.Column("noted_by", sa.Integer(), nullable=True),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_sources_import_id_imports"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["noted_by"], ["staff.id"], name=op.f("fk_sources_noted_by_staff")),
        sa.ForeignKeyConstraint(
            ["prospect_id"],
            ["prospects.id"],
            name=op.f("fk_sources_prospect_id_prospects"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sources")),
    )
    op.create_index(op.f("ix_sources_import_id"), "sources", ["import_id"], unique=False)
    op.create_index(op.f("ix_sources_prospect_id"), "sources", ["prospect_id"], unique=False)
    op.create_table(
        "spelling_keys",
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("prospect_id", sa.Integer(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["prospect_id"],
            ["prospects.id"],
            name=op.f("fk_spelling_keys_prospect_id_prospects"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("digest", "prospect_id", name=op.f("pk_spelling_keys")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_spelling_keys_prospect_id"), "spelling_keys", ["prospect_id"], unique=False)
    op.create_table(
        "status_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("prospect_id", sa.Integer(), nullable=False),
        sa.Column(
            "was",
            sa.Enum(
                "new",
                "contacted",
                "replied",
                "meeting",
                "converted",
                "lost",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "became",
            sa.Enum(
                "new",
                "contacted",
                "replied",
                "meeting",
                "converted",
                "lost",
                name="became",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("because", sa.String(length=64), nullable=False),
        sa.Column("changed_by", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["changed_by"], ["staff.id"], name=op.f("fk_status_changes_changed_by_staff")
        ),
        sa.ForeignKeyConstraint(
            ["prospect_id"],
            ["prospects.id"],
            name=op.f("fk_status_changes_prospect_id_prospects"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_changes")),
    )
    op.create_index(op.f("ix_status_changes_prospect_id"), "status_changes", ["prospect_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_status_changes_prospect_id"), table_name="status_changes")
    op.drop_table("status_changes")
    op.drop_index(op.f("ix_spelling_keys_prospect_id"), table_name="spelling_keys")
    op.drop_table("spelling_keys")
    op.drop_index(op.f("ix_sources_prospect_id"), table_name="sources")
    op.drop_index(op.f("ix_sources_import_id"), table_name="sources")
    op.drop_table("sources")
    op.drop_table("import_rows")
    op.drop_index("ix_prospects_status_created_at_id", table_name="prospects")
    op.drop_index("ix_prospects_owner_id_created_at_id", table_name="prospects")
    op.drop_index("ix_prospects_created_at_id", table_name="prospects")
    op.drop_index("ix_prospects_country_created_at_id", table_name="prospects")
    op.drop_index(op.f("ix_prospects_company_id"), table_name="prospects")
    op.drop_table("prospects")
    op.drop_table("imports")
    op.drop_index(op.f("ix_companies_name"), table_name="companies")
    op.drop_table("companies")
