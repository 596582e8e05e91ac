"""Drafts of sequences, several texts a step, waits, and steps that keep a number in every version."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_COLUMNS = "id, version_id, position, kind, delay, subject, body"


def upgrade() -> None:
    op.add_column("sequences", sa.Column("archived_at", sa.DateTime(), nullable=True))
    op.create_table(
        "sequence_drafts",
        sa.Column("sequence_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("mailbox_id", sa.Integer(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("edited_by", sa.Integer(), nullable=True),
        sa.Column("edited_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sequence_id"],
            ["sequences.id"],
            name=op.f("fk_sequence_drafts_sequence_id_sequences"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailboxes.id"], name=op.f("fk_sequence_drafts_mailbox_id_mailboxes")
        ),
        sa.ForeignKeyConstraint(["edited_by"], ["staff.id"], name=op.f("fk_sequence_drafts_edited_by_staff")),
        sa.PrimaryKeyConstraint("sequence_id", name=op.f("pk_sequence_drafts")),
    )
    _steps(["email", "task", "wait"], lineage=True)
    op.create_table(
        "step_variants",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("step_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("text_key", sa.String(length=32), nullable=False),
        sa.Column("off_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["step_id"], ["steps.id"], name=op.f("fk_step_variants_step_id_steps")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_step_variants")),
        sa.UniqueConstraint("step_id", "number", name=op.f("uq_step_variants_step_id_number")),
    )
    # In place on both databases: the table of messages is not written anew.
    op.execute(
        "ALTER TABLE messages ADD COLUMN variant_id INTEGER"
        " CONSTRAINT fk_messages_variant_id_step_variants REFERENCES step_variants (id)"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE messages DROP COLUMN variant_id")
    op.drop_table("step_variants")
    op.execute("UPDATE steps SET kind = 'task', body = 'Wait' WHERE kind = 'wait'")
    _steps(["email", "task"], lineage=False)
    op.drop_table("sequence_drafts")
    op.drop_column("sequences", "archived_at")


def _steps(kinds: list[str], *, lineage: bool) -> None:
    """Another set of kinds, and the number a step keeps. What was published so far keeps it by its place."""
    if op.get_bind().dialect.name == "sqlite":
        _steps_anew(kinds, lineage=lineage)
        return
    op.drop_constraint(op.f("ck_steps_stepkind"), "steps", type_="check")
    op.create_check_constraint(op.f("ck_steps_stepkind"), "steps", sa.column("kind").in_(kinds))
    if lineage:
        op.add_column("steps", sa.Column("lineage", sa.Integer(), nullable=True))
        op.execute("UPDATE steps SET lineage = position")
        op.alter_column("steps", "lineage", nullable=False)
    else:
        op.drop_column("steps", "lineage")


def _steps_anew(kinds: list[str], *, lineage: bool) -> None:
    """SQLite cannot change a check, so the table is made anew. It holds a few rows a sequence."""
    kind = sa.Enum(*kinds, name="stepkind", native_enum=False, create_constraint=True, length=32)
    op.create_table(
        "steps_anew",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        *([sa.Column("lineage", sa.Integer(), nullable=False)] if lineage else []),
        sa.Column("kind", kind, nullable=False),
        sa.Column("delay", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["sequence_versions.id"], name=op.f("fk_steps_version_id_sequence_versions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_steps")),
        sa.UniqueConstraint("version_id", "position", name=op.f("uq_steps_version_id_position")),
    )
    more, place = (", lineage", ", position") if lineage else ("", "")
    op.execute(f"INSERT INTO steps_anew ({_COLUMNS}{more}) SELECT {_COLUMNS}{place} FROM steps")
    op.drop_table("steps")
    op.rename_table("steps_anew", "steps")
