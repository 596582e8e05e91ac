"""Many rows at once, without the ORM (D19): the driver's own executemany, and look-ups by many keys."""

import zlib
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Integer,
    String,
    Table,
    bindparam,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Session

Row = tuple[Any, ...]


def one_of(
    session: Session,
    column: InstrumentedAttribute[Any] | Column[Any],
    values: Collection[str] | Collection[int],
) -> ColumnElement[bool]:
    """`column IN values` for any number of texts or ids: one parameter, whatever the database's limit."""
    known = list(values)
    if session.get_bind().dialect.name == "sqlite":
        each = func.json_each(bindparam(None, known, type_=JSON)).table_valued("value")
        return column.in_(select(each.c.value))
    kind = Integer() if known and isinstance(known[0], int) else String()
    return column == func.any(bindparam(None, known, type_=ARRAY(kind)))


def reserve_ids(session: Session, model: type[DeclarativeBase], count: int) -> Sequence[int]:
    """Take so many ids that no row has, for rows that this transaction inserts.

    SQLite has one writer, so the highest id cannot move under it; elsewhere the column's own sequence counts.
    """
    table = _table(model)
    if session.get_bind().dialect.name == "sqlite":
        highest: int = session.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()
        return range(highest + 1, highest + 1 + count)
    following = func.nextval(func.pg_get_serial_sequence(table.name, "id"))
    return session.execute(select(following).select_from(func.generate_series(1, count))).scalars().all()


def insert_many(
    session: Session, model: type[DeclarativeBase], columns: Sequence[str], rows: Iterable[Row]
) -> int:
    """Insert rows whose values stand in the order of `columns`. A column that is left out gets NULL.

    Values go through their column's type, so that they read back as the ORM wrote them.

    Returns:
        How many rows there were.
    """
    table = _table(model)
    return _fill(session.connection(), table.name, [table.c[name] for name in columns], rows)


def insert_at_once(
    session: Session, model: type[DeclarativeBase], columns: Sequence[str], rows: Iterable[Row]
) -> int:
    """The same in one statement, for tables whose triggers keep a search index.

    SQLite's FTS5 writes its pending words out at every statement that fires it: a row each costs twelve
    times as much as all rows in one.
    """
    table = _table(model)
    staged, count = _stage(session.connection(), table, columns, rows)
    names = ", ".join(columns)
    if count:
        session.connection().exec_driver_sql(
            f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {staged}"  # noqa: S608 - names of our own
        )
    return count


def update_at_once(
    session: Session, model: type[DeclarativeBase], columns: Sequence[str], rows: Iterable[Row]
) -> int:
    """Change rows in one statement: the first two columns are `id` and `version`, the rest are new values.

    Returns:
        How many rows still had that version; theirs is one higher now.
    """
    table = _table(model)
    staged, count = _stage(session.connection(), table, columns, rows)
    if not count:
        return 0
    changes = ", ".join(f"{name} = staged.{name}" for name in columns[2:])
    result = session.connection().exec_driver_sql(
        f"UPDATE {table.name} SET version = {table.name}.version + 1, {changes} FROM {staged} AS staged"  # noqa: S608 - names of our own
        f" WHERE {table.name}.id = staged.id AND {table.name}.version = staged.version"
    )
    return result.rowcount


def _stage(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Row]
) -> tuple[str, int]:
    """Put rows into a temporary table of this connection, and say its name and how many there are.

    The table stays for the next batch: making it anew would make every prepared statement anew as well.
    """
    ready = list(rows)
    names = ", ".join(columns)
    staged = f"staged_{table.name}_{zlib.crc32(names.encode()):08x}"
    if ready:
        connection.exec_driver_sql(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {staged} AS SELECT {names} FROM {table.name} WHERE 1 = 0"  # noqa: S608 - names of our own
        )
        connection.exec_driver_sql(f"DELETE FROM {staged}")  # noqa: S608 - names of our own
    return staged, _fill(connection, staged, [table.c[name] for name in columns], ready)


def _fill(connection: Connection, name: str, columns: Sequence[Column[Any]], rows: Iterable[Row]) -> int:
    dialect = connection.dialect
    values: list[tuple[Any, ...]] = list(zip(*rows, strict=True))
    if not values:
        return 0
    for place, one in enumerate(columns):
        processor = one.type.dialect_impl(dialect).bind_processor(dialect)
        if processor is not None:
            values[place] = tuple(map(_Remembered(processor).__getitem__, values[place]))
    marks = ", ".join(["?" if dialect.name == "sqlite" else "%s"] * len(columns))
    names = ", ".join(one.name for one in columns)
    ready = list(zip(*values, strict=True))
    connection.exec_driver_sql(f"INSERT INTO {name} ({names}) VALUES ({marks})", ready)  # noqa: S608 - names of our own
    return len(ready)


class _Remembered(dict[Any, Any]):
    """Values as the driver takes them, each worked out once: a batch repeats its dates and codes."""

    def __init__(self, processor: Callable[[Any], Any]) -> None:
        super().__init__()
        self._processor = processor

    def __missing__(self, value: Any) -> Any:  # noqa: ANN401 - whatever the column holds
        written = self[value] = self._processor(value)
        return written


def _table(model: type[DeclarativeBase]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table
