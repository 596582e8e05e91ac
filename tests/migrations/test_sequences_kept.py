"""What was published and sent before steps had numbers of their own is still there afterwards."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from crm.kernel import schema
from crm.kernel.db import Database

pytestmark = [pytest.mark.both_databases, pytest.mark.changes_schema]

BEFORE = """
INSERT INTO mailboxes (id, address, display_name, sender_name, time_zone, daily_cap, pause_reason)
    VALUES (1, 'a@produfoto.example', 'Sanne', '', 'Europe/Amsterdam', 30, '');
INSERT INTO sequences (id, name, language, mailbox_id, created_at)
    VALUES (1, 'Reeks', 'nl', 1, '2026-03-02 09:00:00');
INSERT INTO sequence_versions (id, sequence_id, number, published_at)
    VALUES (1, 1, 1, '2026-03-02 09:00:00');
INSERT INTO steps (id, version_id, position, kind, delay, subject, body)
    VALUES (7, 1, 1, 'email', 0, 'Foto''s', 'Dag'), (8, 1, 2, 'task', 3, '', 'Bel even');
INSERT INTO messages (id, public_id, kind, step_id, mailbox_id, address_digest, recipient, sender,
    subject_line, notice_version, first_contact, tracking, decision, state, due_at, attempt, outcome,
    planned_at, changed_at)
    VALUES (1, 'm', 'outreach', 7, 1, 'd', 'a@x.example', 'b@x.example', 'Foto''s', '', false, 'off', '{}',
    'sent', '2026-03-02 09:00:00', 1, '', '2026-03-02 09:00:00', '2026-03-02 09:00:00')
"""


@pytest.fixture
def old(database: Database) -> Database:
    schema.migrate(database, to="base")
    schema.migrate(database, to="0010")
    with database.engine.begin() as connection:
        for statement in BEFORE.split(";"):
            connection.execute(text(statement))
    schema.migrate(database)
    return database


def test_steps_and_messages_survive_and_steps_are_numbered_by_their_place(old: Database) -> None:
    with old.engine.connect() as connection:
        steps = connection.execute(
            text("SELECT id, position, lineage, kind, delay, subject, body FROM steps ORDER BY id")
        ).all()
        sent = connection.execute(text("SELECT step_id, variant_id, state FROM messages")).all()
    assert [tuple(row) for row in steps] == [
        (7, 1, 1, "email", 0, "Foto's", "Dag"), (8, 2, 2, "task", 3, "", "Bel even"),
    ]  # fmt: skip
    assert [tuple(row) for row in sent] == [(7, None, "sent")]


def test_a_message_still_keeps_its_step_from_being_deleted(old: Database) -> None:
    with pytest.raises(IntegrityError), old.engine.begin() as connection:
        connection.execute(text("DELETE FROM steps WHERE id = 7"))


def test_a_kind_that_nobody_knows_is_still_refused(old: Database) -> None:
    with pytest.raises(IntegrityError), old.engine.begin() as connection:
        connection.execute(text("UPDATE steps SET kind = 'dance' WHERE id = 7"))


def test_the_way_back_keeps_them_too(old: Database) -> None:
    with old.engine.begin() as connection:
        connection.execute(text("UPDATE steps SET kind = 'wait', body = '' WHERE id = 8"))
    schema.migrate(old, to="0010")
    with old.engine.connect() as connection:
        kinds = connection.execute(text("SELECT kind, body FROM steps ORDER BY id")).all()
        sent = connection.execute(text("SELECT step_id FROM messages")).all()
    assert [tuple(row) for row in kinds] == [("email", "Dag"), ("task", "Wait")]
    assert [tuple(row) for row in sent] == [(7,)]
