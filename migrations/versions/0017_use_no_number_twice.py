"""Never give a deleted row's number to another row. Only SQLite would: PostgreSQL counts on.

A page left open, an audit entry or a link speaks of a row by its number; after an erasure the same number
must not be somebody else's. The word is added to the tables' definitions where they stand: nothing on the
disk looks different with it, and a million rows need not be copied.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_NUMBERED = "id INTEGER NOT NULL"
_GIVEN = {"audit_entries"}
"""Numbered by the program, without gaps."""


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    op.execute("CREATE TABLE counts (id INTEGER PRIMARY KEY AUTOINCREMENT)")  # makes SQLite's list of numbers
    op.execute("DROP TABLE counts")
    for name, sql in _tables():
        key = f"CONSTRAINT pk_{name} PRIMARY KEY"
        plain = f"{key} (id)"
        if name in _GIVEN or plain not in sql:
            continue
        if f"\t{_NUMBERED}, " not in sql or f", \n\t{plain}" not in sql:
            raise RuntimeError(f"the definition of {name} is not as the migrations before made it")
        changed = sql.replace(f"\t{_NUMBERED}, ", f"\t{_NUMBERED} {key} AUTOINCREMENT, ", 1)
        _define(name, changed.replace(f", \n\t{plain}", "", 1))
        last = f"SELECT '{name}', max(id) FROM {name} HAVING max(id) IS NOT NULL"
        op.execute(f"INSERT INTO sqlite_sequence (name, seq) {last}")
    _read_again()


def downgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    for name, sql in _tables():
        key = f"CONSTRAINT pk_{name} PRIMARY KEY"
        numbered = f"{_NUMBERED} {key} AUTOINCREMENT"
        if numbered in sql:
            _define(name, _with_constraint(sql.replace(numbered, _NUMBERED, 1), f"{key} (id)"))
    op.execute("DELETE FROM sqlite_sequence")
    _read_again()


def _with_constraint(sql: str, constraint: str) -> str:
    """Where the migrations before put it: after the columns, before the other constraints."""
    columns, separator, others = sql.partition(", \n\tCONSTRAINT ")
    if separator:
        return f"{columns}, \n\t{constraint}{separator}{others}"
    return f"{sql.rstrip(')').rstrip()}, \n\t{constraint}\n)"


def _tables() -> list[tuple[str, str]]:
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND sql IS NOT NULL ORDER BY name"
    return [(row[0], row[1]) for row in op.get_bind().exec_driver_sql(query)]


def _define(name: str, sql: str) -> None:
    connection = op.get_bind()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    change = sa.text("UPDATE sqlite_master SET sql = :sql WHERE type = 'table' AND name = :name")
    connection.execute(change, {"sql": sql, "name": name})


def _read_again() -> None:
    """Let this connection and all others read the definitions anew, and make sure they hold."""
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")
    found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if found != "ok":
        raise RuntimeError(f"the database would be damaged by this migration: {found}")
