"""First mails that wait for a colleague, and words that are changed for one person."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "sequences", sa.Column("first_waits", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("enrolments", sa.Column("approved_at", sa.DateTime(), nullable=True))
    # In place on both databases: no table is written anew.
    op.execute(
        "ALTER TABLE enrolments ADD COLUMN approved_by INTEGER"
        " CONSTRAINT fk_enrolments_approved_by_staff REFERENCES staff (id)"
    )
    op.create_table(
        "step_edits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("enrolment_id", sa.Integer(), nullable=False),
        sa.Column("step_id", sa.Integer(), nullable=False),
        sa.Column("subject_line", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("edited_by", sa.Integer(), nullable=True),
        sa.Column("edited_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enrolment_id"],
            ["enrolments.id"],
            name=op.f("fk_step_edits_enrolment_id_enrolments"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["step_id"], ["steps.id"], name=op.f("fk_step_edits_step_id_steps")),
        sa.ForeignKeyConstraint(["edited_by"], ["staff.id"], name=op.f("fk_step_edits_edited_by_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_step_edits")),
        sa.UniqueConstraint("enrolment_id", "step_id", name=op.f("uq_step_edits_enrolment_id_step_id")),
    )


def downgrade() -> None:
    op.drop_table("step_edits")
    op.execute("ALTER TABLE enrolments DROP COLUMN approved_by")
    op.drop_column("enrolments", "approved_at")
    op.drop_column("sequences", "first_waits")
