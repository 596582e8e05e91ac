"""Sequences and delivery."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mailboxes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("display_name", sa.String(length=120), nullable=False),
        sa.Column("sender_name", sa.String(length=120), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("daily_cap", sa.Integer(), nullable=False),
        sa.Column("paused_at", sa.DateTime(), nullable=True),
        sa.Column("pause_reason", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailboxes")),
        sa.UniqueConstraint("address", name=op.f("uq_mailboxes_address")),
    )
    op.create_table(
        "mailbox_days",
        sa.Column("mailbox_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.CheckConstraint("used >= 0", name=op.f("ck_mailbox_days_used")),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailboxes.id"], name=op.f("fk_mailbox_days_mailbox_id_mailboxes")
        ),
        sa.PrimaryKeyConstraint("mailbox_id", "day", name=op.f("pk_mailbox_days")),
    )
    op.create_table(
        "sequences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("mailbox_id", sa.Integer(), nullable=False),
        sa.Column("paused_at", sa.DateTime(), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["staff.id"], name=op.f("fk_sequences_created_by_staff")),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailboxes.id"], name=op.f("fk_sequences_mailbox_id_mailboxes")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sequences")),
        sa.UniqueConstraint("name", name=op.f("uq_sequences_name")),
    )
    op.create_table(
        "sequence_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sequence_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("published_at", sa.DateTime(), nullable=False),
        sa.Column("published_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["published_by"], ["staff.id"], name=op.f("fk_sequence_versions_published_by_staff")
        ),
        sa.ForeignKeyConstraint(
            ["sequence_id"], ["sequences.id"], name=op.f("fk_sequence_versions_sequence_id_sequences")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sequence_versions")),
        sa.UniqueConstraint("sequence_id", "number", name=op.f("uq_sequence_versions_sequence_id_number")),
    )
    op.create_table(
        "enrolments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("prospect_id", sa.Integer(), nullable=False),
        sa.Column("sequence_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "running",
                "paused",
                "finished",
                "stopped",
                name="enrolmentstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "stop_reason",
            sa.Enum(
                "completed",
                "replied",
                "refused",
                "bounced",
                "converted",
                "meeting",
                "by_staff",
                "not_allowed",
                "blocked",
                "out_of_office",
                "snoozed",
                "in_doubt",
                "too_late",
                "rejected",
                name="stopreason",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("stop_detail", sa.String(length=300), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("next_due_at", sa.DateTime(), nullable=True),
        sa.Column("resumes_at", sa.DateTime(), nullable=True),
        sa.Column("enrolled_by", sa.Integer(), nullable=True),
        sa.Column("enrolled_at", sa.DateTime(), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["enrolled_by"], ["staff.id"], name=op.f("fk_enrolments_enrolled_by_staff")),
        sa.ForeignKeyConstraint(
            ["prospect_id"],
            ["prospects.id"],
            name=op.f("fk_enrolments_prospect_id_prospects"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["sequence_id"], ["sequences.id"], name=op.f("fk_enrolments_sequence_id_sequences")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["sequence_versions.id"], name=op.f("fk_enrolments_version_id_sequence_versions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolments")),
    )
    op.create_index(op.f("ix_enrolments_prospect_id"), "enrolments", ["prospect_id"], unique=False)
    op.create_index("ix_enrolments_sequence_id_state", "enrolments", ["sequence_id", "state"], unique=False)
    op.create_index("ix_enrolments_state_next_due_at", "enrolments", ["state", "next_due_at"], unique=False)
    op.create_index(
        "ix_enrolments_resumes_at",
        "enrolments",
        ["resumes_at"],
        unique=False,
        sqlite_where=sa.text("resumes_at IS NOT NULL"),
        postgresql_where=sa.text("resumes_at IS NOT NULL"),
    )
    op.create_index(
        "uq_enrolments_prospect_id_active",
        "enrolments",
        ["prospect_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('running', 'paused')"),
        postgresql_where=sa.text("state IN ('running', 'paused')"),
    )
    op.create_table(
        "steps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("email", "task", name="stepkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("delay", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["sequence_versions.id"], name=op.f("fk_steps_version_id_sequence_versions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_steps")),
        sa.UniqueConstraint("version_id", "position", name=op.f("uq_steps_version_id_position")),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=26), nullable=False),
        sa.Column("pixel_id", sa.String(length=32), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "outreach",
                "manual",
                "reply",
                "signup",
                "rights",
                "staff",
                name="mailkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("prospect_id", sa.Integer(), nullable=True),
        sa.Column("enrolment_id", sa.Integer(), nullable=True),
        sa.Column("step_id", sa.Integer(), nullable=True),
        sa.Column("mailbox_id", sa.Integer(), nullable=False),
        sa.Column("dedupe_key", sa.String(length=64), nullable=True),
        sa.Column("address_digest", sa.String(length=32), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("sender", sa.String(length=254), nullable=False),
        sa.Column("subject_line", sa.String(length=998), nullable=False),
        sa.Column("notice_version", sa.String(length=16), nullable=False),
        sa.Column("first_contact", sa.Boolean(), nullable=False),
        sa.Column(
            "tracking",
            sa.Enum(
                "individual",
                "aggregate",
                "off",
                name="trackingmode",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("decision", sa.JSON(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "held",
                "due",
                "claimed",
                "sending",
                "sent",
                "delivered",
                "bounced",
                "complained",
                "withheld",
                "rejected",
                "uncertain",
                "not_sent",
                "cancelled",
                name="messagestate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("due_at", sa.DateTime(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("claim_id", sa.String(length=26), nullable=True),
        sa.Column("lease_until", sa.DateTime(), nullable=True),
        sa.Column("cap_day", sa.Date(), nullable=True),
        sa.Column("provider_id", sa.String(length=200), nullable=True),
        sa.Column("outcome", sa.String(length=300), nullable=False),
        sa.Column("planned_at", sa.DateTime(), nullable=False),
        sa.Column("sent_at", sa.DateTime(), nullable=True),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enrolment_id"],
            ["enrolments.id"],
            name=op.f("fk_messages_enrolment_id_enrolments"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailboxes.id"], name=op.f("fk_messages_mailbox_id_mailboxes")
        ),
        sa.ForeignKeyConstraint(
            ["prospect_id"],
            ["prospects.id"],
            name=op.f("fk_messages_prospect_id_prospects"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["step_id"], ["steps.id"], name=op.f("fk_messages_step_id_steps")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_messages_dedupe_key")),
        sa.UniqueConstraint("enrolment_id", "step_id", name=op.f("uq_messages_enrolment_id_step_id")),
        sa.UniqueConstraint("pixel_id", name=op.f("uq_messages_pixel_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_messages_public_id")),
    )
    op.create_index(op.f("ix_messages_address_digest"), "messages", ["address_digest"], unique=False)
    op.create_index(
        "ix_messages_mailbox_id_state_due_at", "messages", ["mailbox_id", "state", "due_at"], unique=False
    )
    op.create_index("ix_messages_prospect_id_due_at", "messages", ["prospect_id", "due_at"], unique=False)
    op.create_index(op.f("ix_messages_provider_id"), "messages", ["provider_id"], unique=False)
    op.create_index("ix_messages_state_due_at", "messages", ["state", "due_at"], unique=False)
    op.create_index("ix_messages_state_lease_until", "messages", ["state", "lease_until"], unique=False)
    op.create_index("ix_messages_step_id_state", "messages", ["step_id", "state"], unique=False)
    op.create_table(
        "message_bytes",
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("wire", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["messages.id"],
            name=op.f("fk_message_bytes_message_id_messages"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_message_bytes")),
    )
    op.create_table(
        "provider_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("happened_at", sa.DateTime(), nullable=False),
        sa.Column("dedupe_key", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["messages.id"],
            name=op.f("fk_provider_events_message_id_messages"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_events")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_provider_events_dedupe_key")),
    )
    op.create_index(op.f("ix_provider_events_message_id"), "provider_events", ["message_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_provider_events_message_id"), table_name="provider_events")
    op.drop_table("provider_events")
    op.drop_table("message_bytes")
    op.drop_index("ix_messages_step_id_state", table_name="messages")
    op.drop_index("ix_messages_state_lease_until", table_name="messages")
    op.drop_index("ix_messages_state_due_at", table_name="messages")
    op.drop_index(op.f("ix_messages_provider_id"), table_name="messages")
    op.drop_index("ix_messages_prospect_id_due_at", table_name="messages")
    op.drop_index("ix_messages_mailbox_id_state_due_at", table_name="messages")
    op.drop_index(op.f("ix_messages_address_digest"), table_name="messages")
    op.drop_table("messages")
    op.drop_table("steps")
    op.drop_index(
        "uq_enrolments_prospect_id_active",
        table_name="enrolments",
        sqlite_where=sa.text("state IN ('running', 'paused')"),
        postgresql_where=sa.text("state IN ('running', 'paused')"),
    )
    op.drop_index("ix_enrolments_resumes_at", table_name="enrolments")
    op.drop_index("ix_enrolments_state_next_due_at", table_name="enrolments")
    op.drop_index("ix_enrolments_sequence_id_state", table_name="enrolments")
    op.drop_index(op.f("ix_enrolments_prospect_id"), table_name="enrolments")
    op.drop_table("enrolments")
    op.drop_table("sequence_versions")
    op.drop_table("sequences")
    op.drop_table("mailbox_days")
    op.drop_table("mailboxes")
