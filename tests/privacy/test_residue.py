"""What a deletion leaves in the database file, and that sweeping takes it away."""

from sqlalchemy import text

from crm.kernel.db import Database
from crm.privacy import residue

RARE = "ꙮꙮꙮ"
"""One search term whose bytes occur in nothing else."""


def with_deleted_note(database: Database) -> None:
    with database.transaction() as session:
        for number in range(40):
            session.execute(
                text("INSERT INTO notes_search(rowid, text) VALUES (:n, :text)"),
                {"n": number, "text": f"an everyday note {number}"},
            )
    with database.transaction() as session:
        session.execute(text("INSERT INTO notes_search(rowid, text) VALUES (99, :text)"), {"text": RARE})
    with database.transaction() as session:
        session.execute(text("DELETE FROM notes_search WHERE rowid = 99"))


def blocks_with_it(database: Database) -> int:
    query = text("SELECT count(*) FROM notes_search_data WHERE instr(block, :term)")
    with database.reading() as session:
        return int(session.execute(query, {"term": RARE.encode()}).scalar_one())


def test_a_search_index_remembers_deleted_words(database: Database) -> None:
    with_deleted_note(database)
    assert blocks_with_it(database) > 0


def test_sweeping_makes_it_forget(database: Database) -> None:
    with_deleted_note(database)
    assert residue.sweep(database, ["notes"], lambda: True)
    assert blocks_with_it(database) == 0


def test_what_is_still_there_can_still_be_found(database: Database) -> None:
    with_deleted_note(database)
    residue.sweep(database, ["notes"], lambda: True)
    with database.reading() as session:
        query = text("SELECT count(*) FROM notes_search WHERE text MATCH '\"everyday\"'")
        assert session.execute(query).scalar_one() == 40


def test_without_time_it_says_that_it_is_not_done(database: Database) -> None:
    with_deleted_note(database)
    assert not residue.sweep(database, ["notes"], lambda: False)


def test_a_reader_of_old_pages_keeps_the_log_from_being_cut(database: Database) -> None:
    with database.reading() as session:
        session.execute(text("SELECT count(*) FROM notes")).scalar_one()
        with_deleted_note(database)
        assert not residue.sweep(database, ["notes"], lambda: True)
    assert residue.sweep(database, ["notes"], lambda: True)
