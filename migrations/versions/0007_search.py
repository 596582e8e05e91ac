"""Search indexes over prospects and notes, kept by the database itself."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# What of a prospect and their company can be searched.
_TEXT = "{p}.name || ' ' || {p}.address || ' ' || {p}.role || ' ' || c.name || ' ' || coalesce(c.domain, '')"


def _sqlite() -> list[str]:
    fresh, each = _TEXT.format(p="new"), _TEXT.format(p="p")
    index = "INSERT INTO prospects_search(rowid, text)"
    return [
        "CREATE VIRTUAL TABLE prospects_search USING fts5(text, tokenize='trigram', detail='full')",
        (
            f"CREATE TRIGGER prospects_search_added AFTER INSERT ON prospects BEGIN {index}"
            f" SELECT new.id, {fresh} FROM companies c WHERE c.id = new.company_id; END"
        ),
        (
            "CREATE TRIGGER prospects_search_changed AFTER UPDATE OF name, address, role, company_id"
            " ON prospects BEGIN DELETE FROM prospects_search WHERE rowid = old.id;"
            f" {index} SELECT new.id, {fresh} FROM companies c WHERE c.id = new.company_id; END"
        ),
        (
            "CREATE TRIGGER prospects_search_removed AFTER DELETE ON prospects"
            " BEGIN DELETE FROM prospects_search WHERE rowid = old.id; END"
        ),
        (
            "CREATE TRIGGER companies_search_changed AFTER UPDATE OF name, domain ON companies"
            " WHEN old.name <> new.name OR coalesce(old.domain, '') <> coalesce(new.domain, '') BEGIN"
            " DELETE FROM prospects_search"
            " WHERE rowid IN (SELECT id FROM prospects WHERE company_id = new.id);"
            f" {index} SELECT p.id, {each} FROM prospects p JOIN companies c ON c.id = p.company_id"
            " WHERE c.id = new.id; END"
        ),
        "CREATE VIRTUAL TABLE notes_search USING fts5(text, tokenize='trigram', detail='full')",
        (
            "CREATE TRIGGER notes_search_added AFTER INSERT ON notes"
            " BEGIN INSERT INTO notes_search(rowid, text) VALUES (new.id, new.body); END"
        ),
        (
            "CREATE TRIGGER notes_search_changed AFTER UPDATE OF body ON notes BEGIN"
            " DELETE FROM notes_search WHERE rowid = old.id;"
            " INSERT INTO notes_search(rowid, text) VALUES (new.id, new.body); END"
        ),
        (
            "CREATE TRIGGER notes_search_removed AFTER DELETE ON notes"
            " BEGIN DELETE FROM notes_search WHERE rowid = old.id; END"
        ),
    ]


def _postgresql() -> list[str]:
    text = "lower(" + _TEXT.format(p="p") + ")"
    body = "RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    index = "INSERT INTO prospects_search(rowid, text)"
    renew = "ON CONFLICT (rowid) DO UPDATE SET text = excluded.text"
    return [
        "CREATE EXTENSION IF NOT EXISTS pg_trgm",
        (
            "CREATE TABLE prospects_search (rowid integer PRIMARY KEY REFERENCES prospects ON DELETE CASCADE,"
            " text text NOT NULL)"
        ),
        "CREATE INDEX prospects_search_text ON prospects_search USING gin (text gin_trgm_ops)",
        (
            f"CREATE FUNCTION prospects_search_keep() {body} {index} SELECT p.id, {text} FROM prospects p"
            f" JOIN companies c ON c.id = p.company_id WHERE p.id = new.id {renew}; RETURN new; END $$"
        ),
        (
            "CREATE TRIGGER prospects_search_keep AFTER INSERT OR UPDATE OF name, address, role, company_id"
            " ON prospects FOR EACH ROW EXECUTE FUNCTION prospects_search_keep()"
        ),
        (
            f"CREATE FUNCTION companies_search_keep() {body} {index} SELECT p.id, {text} FROM prospects p"
            f" JOIN companies c ON c.id = p.company_id WHERE c.id = new.id {renew}; RETURN new; END $$"
        ),
        (
            "CREATE TRIGGER companies_search_keep AFTER UPDATE OF name, domain ON companies"
            " FOR EACH ROW EXECUTE FUNCTION companies_search_keep()"
        ),
        (
            "CREATE TABLE notes_search (rowid integer PRIMARY KEY REFERENCES notes ON DELETE CASCADE,"
            " text text NOT NULL)"
        ),
        "CREATE INDEX notes_search_text ON notes_search USING gin (text gin_trgm_ops)",
        (
            f"CREATE FUNCTION notes_search_keep() {body} INSERT INTO notes_search(rowid, text)"
            f" VALUES (new.id, lower(new.body)) {renew}; RETURN new; END $$"
        ),
        (
            "CREATE TRIGGER notes_search_keep AFTER INSERT OR UPDATE OF body ON notes"
            " FOR EACH ROW EXECUTE FUNCTION notes_search_keep()"
        ),
    ]


_SQLITE_GONE = [
    "DROP TRIGGER companies_search_changed",
    *(
        f"DROP TRIGGER {t}_search_{e}"
        for t in ("prospects", "notes")
        for e in ("added", "changed", "removed")
    ),
    "DROP TABLE notes_search",
    "DROP TABLE prospects_search",
]

_POSTGRESQL_GONE = [
    "DROP TRIGGER companies_search_keep ON companies",
    "DROP TRIGGER prospects_search_keep ON prospects",
    "DROP TRIGGER notes_search_keep ON notes",
    *(f"DROP FUNCTION {t}_search_keep()" for t in ("companies", "prospects", "notes")),
    "DROP TABLE notes_search",
    "DROP TABLE prospects_search",
]


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _sqlite() if sqlite else _postgresql():
        op.execute(statement)


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _SQLITE_GONE if sqlite else _POSTGRESQL_GONE:
        op.execute(statement)
