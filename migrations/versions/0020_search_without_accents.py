"""Search without accents: "Noel" finds Noël, "muller" finds Müller, and the other way round.

SQLite has no function that takes accents off, so views replace letter by letter, in layers: its parser nests
no deeper. Whoever makes `prospects`, `companies` or `notes` anew drops these views first.
"""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_PLAIN = {
    "a": "ÀÁÂÃÄÅàáâãäåĀāĂăĄą", "c": "ÇçĆćČč", "d": "ĎďĐđ", "e": "ÈÉÊËèéêëĒēĖėĘęĚě", "g": "Ğğ",
    "i": "ÌÍÎÏìíîïĪīİı", "l": "Łł", "n": "ÑñŃńŇň", "o": "ÒÓÔÕÖØòóôõöøŌōŐő", "r": "Řř", "s": "ŠšŚśŞşȘș",
    "t": "ŤťȚț", "u": "ÙÚÛÜùúûüŪūŮůŰű", "y": "ÝýÿŸ", "z": "ŽžŹźŻż",
    "ss": "ßẞ", "ae": "Ææ", "oe": "Œœ", "ij": "Ĳĳ",
}  # fmt: skip
_LAYER = 14
_USUAL = "ëéèöüäïçßñóáíê"
"""Enough for nearly every name: a text that has no others is done after one layer."""

_PAIRS = sorted(
    ((letter, plain) for plain, letters in _PLAIN.items() for letter in letters),
    key=lambda pair: pair[0] not in _USUAL,
)

_TEXT = "{p}.name || ' ' || {p}.address || ' ' || {p}.role || ' ' || c.name || ' ' || coalesce(c.domain, '')"


def _view(name: str, source: str) -> str:
    """`id, t` of a query that gives both, without accents; of a text that has none, nothing else is asked."""
    layers = [f"l0(id, raw, near, t) AS (SELECT id, t, NULL, t FROM ({source}))"]
    for number, start in enumerate(range(0, len(_PAIRS), _LAYER), 1):
        replaced = "t"
        for letter, plain in _PAIRS[start : start + _LAYER]:
            replaced = f"replace({replaced}, '{letter}', '{plain}')"
        near = replaced if number == 1 else "near"
        layers.append(
            f"l{number}(id, raw, near, t) AS (SELECT id, raw, {near}, {replaced} FROM l{number - 1})"
        )
    said = " ".join(f"WHEN length({one}) = length(CAST({one} AS BLOB)) THEN {one}" for one in ("raw", "near"))
    query = f"SELECT id, CASE {said} ELSE t END AS t FROM l{len(layers) - 1}"
    return f"CREATE VIEW {name} AS WITH {', '.join(layers)} {query}"


def _plain_in_postgresql(text: str) -> str:
    single = [(letter, plain) for letter, plain in _PAIRS if len(plain) == 1]
    letters, plains = "".join(one for one, _ in single), "".join(plain for _, plain in single)
    text = f"translate({text}, '{letters}', '{plains}')"
    for letter, plain in _PAIRS:
        if len(plain) > 1:
            text = f"replace({text}, '{letter}', '{plain}')"
    return f"lower({text})"


_PEOPLE = (
    f"SELECT p.id AS id, {_TEXT.format(p='p')} AS t FROM prospects p JOIN companies c ON c.id = p.company_id"
)
_NOTES = "SELECT id, body AS t FROM notes"


def _sqlite(*, is_plain: bool) -> list[str]:
    people, notes = ("prospects_plain", "notes_plain") if is_plain else (f"({_PEOPLE})", f"({_NOTES})")
    add = f"INSERT INTO prospects_search(rowid, text) SELECT id, t FROM {people}"
    note = f"INSERT INTO notes_search(rowid, text) SELECT id, t FROM {notes}"
    views = [_view("prospects_plain", _PEOPLE), _view("notes_plain", _NOTES)]
    theirs = "(SELECT id FROM prospects WHERE company_id = new.id)"
    return [
        "DROP TRIGGER prospects_search_added",
        "DROP TRIGGER prospects_search_changed",
        "DROP TRIGGER companies_search_changed",
        "DROP TRIGGER notes_search_added",
        "DROP TRIGGER notes_search_changed",
        *(views if is_plain else ["DROP VIEW prospects_plain", "DROP VIEW notes_plain"]),
        f"CREATE TRIGGER prospects_search_added AFTER INSERT ON prospects BEGIN {add} WHERE id = new.id; END",
        (
            "CREATE TRIGGER prospects_search_changed AFTER UPDATE OF name, address, role, company_id"
            " ON prospects BEGIN DELETE FROM prospects_search WHERE rowid = old.id;"
            f" {add} WHERE id = new.id; END"
        ),
        (
            "CREATE TRIGGER companies_search_changed AFTER UPDATE OF name, domain ON companies"
            " WHEN old.name <> new.name OR coalesce(old.domain, '') <> coalesce(new.domain, '') BEGIN"
            f" DELETE FROM prospects_search WHERE rowid IN {theirs}; {add} WHERE id IN {theirs}; END"
        ),
        f"CREATE TRIGGER notes_search_added AFTER INSERT ON notes BEGIN {note} WHERE id = new.id; END",
        (
            "CREATE TRIGGER notes_search_changed AFTER UPDATE OF body ON notes BEGIN"
            f" DELETE FROM notes_search WHERE rowid = old.id; {note} WHERE id = new.id; END"
        ),
        "DELETE FROM prospects_search",
        "DELETE FROM notes_search",
        add,
        note,
    ]


def _postgresql(*, is_plain: bool) -> list[str]:
    def made(text: str) -> str:
        return _plain_in_postgresql(text) if is_plain else f"lower({text})"

    text, note = made(_TEXT.format(p="p")), made("new.body")
    body = "RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    index = "INSERT INTO prospects_search(rowid, text)"
    rows = "FROM prospects p JOIN companies c ON c.id = p.company_id"
    renew = "ON CONFLICT (rowid) DO UPDATE SET text = excluded.text"
    return [
        (
            f"CREATE OR REPLACE FUNCTION prospects_search_keep() {body} {index} SELECT p.id, {text} {rows}"
            f" WHERE p.id = new.id {renew}; RETURN new; END $$"
        ),
        (
            f"CREATE OR REPLACE FUNCTION companies_search_keep() {body} {index} SELECT p.id, {text} {rows}"
            f" WHERE c.id = new.id {renew}; RETURN new; END $$"
        ),
        (
            f"CREATE OR REPLACE FUNCTION notes_search_keep() {body} INSERT INTO notes_search(rowid, text)"
            f" VALUES (new.id, {note}) {renew}; RETURN new; END $$"
        ),
        f"{index} SELECT p.id, {text} {rows} {renew}",
        f"INSERT INTO notes_search(rowid, text) SELECT n.id, {made('n.body')} FROM notes n {renew}",
    ]


def _run(*, is_plain: bool) -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _sqlite(is_plain=is_plain) if sqlite else _postgresql(is_plain=is_plain):
        op.get_bind().exec_driver_sql(statement)


def upgrade() -> None:
    _run(is_plain=True)


def downgrade() -> None:
    _run(is_plain=False)
