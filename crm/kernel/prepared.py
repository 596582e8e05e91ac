"""Statements that are built once and then given to the driver as they are (D19): for claim, gate and record.

Building a statement costs twenty times what the database takes to answer it. Here it is written once in
SQLAlchemy's language and compiled at its first use on each kind of database. Values and rows go through their
columns' types, and an error of the driver is raised as SQLAlchemy would, without the values in it.
"""

import enum
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, NoReturn

from sqlalchemy import JSON, ColumnElement, Enum, Executable, bindparam, or_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import DBAPICursor  # noqa: TC002 - beside other run-time imports
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import NullType, TypeEngine

from crm.kernel.db import UTCDateTime

Row = tuple[Any, ...]
Convert = Callable[[Any], Any]
Build = Callable[[str], Executable]
"""Builds a statement for the dialect of that name."""


class one_of(ColumnElement[bool]):  # noqa: N801 - reads like the operator it is
    """`column IN (…)` for a parameter of any number of ids or texts: one statement for all lengths."""

    inherit_cache = False
    # Of a Boolean, SQLAlchemy would ask `= 1` on SQLite, which then uses no index.
    type = NullType()  # type: ignore[assignment]

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        self.column = column
        self.name = name


@compiles(one_of, "sqlite")
def _in_sqlite(element: one_of, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's
    column = compiler.process(element.column, **options)
    values = compiler.process(bindparam(element.name, type_=JSON()), **options)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - SQLAlchemy wrote both


@compiles(one_of, "postgresql")
def _in_postgresql(element: one_of, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's
    column = compiler.process(element.column, **options)
    values = compiler.process(bindparam(element.name, type_=ARRAY(element.column.type)), **options)
    return f"{column} = ANY ({values})"


class beside(ColumnElement[Any]):  # noqa: N801 - reads like what it is
    """A column to be looked at beside a `one_of`, never by an index of its own.

    SQLite takes any list for 25 long and may think that all rows in one state are fewer.
    """

    inherit_cache = False

    def __init__(self, column: ColumnElement[Any]) -> None:
        self.column = column
        self.type = column.type


@compiles(beside)
def _plain(element: beside, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's
    return compiler.process(element.column, **options)


@compiles(beside, "sqlite")
def _beside_sqlite(element: beside, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's
    return f"+{compiler.process(element.column, **options)}"


def among(column: ColumnElement[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """`column IN (…)` for a few values that never change."""
    return or_(*(column == value for value in sorted(values)))


class Prepared:
    """One statement, for a process."""

    def __init__(self, statement: Executable | Build) -> None:
        """Take a statement whose values are `bindparam`s, or a way to build it for a dialect."""
        self._statement = statement
        self._plans: dict[str, _Plan] = {}

    def rows(self, session: Session, **values: Any) -> list[Row]:  # noqa: ANN401 - as the columns' types want them
        """Run it, and read what it returns."""
        plan, cursor = self._begin(session)
        try:
            cursor.execute(plan.sql, plan.written(values))
            found = cursor.fetchall()
        except plan.error as error:
            plan.give_up(error)
        finally:
            cursor.close()
        return plan.read(found)

    def many(self, session: Session, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run it once for each row of values; how many rows of the table it changed."""
        if not rows:
            return 0
        plan, cursor = self._begin(session)
        try:
            cursor.executemany(plan.sql, [plan.written(row) for row in rows])
            return int(cursor.rowcount)
        except plan.error as error:
            plan.give_up(error)
        finally:
            cursor.close()

    def run(self, session: Session, **values: Any) -> int:  # noqa: ANN401 - as the columns' types want them
        """Run it once; how many rows of the table it changed."""
        return self.many(session, [values])

    def _begin(self, session: Session) -> "tuple[_Plan, DBAPICursor]":
        """The plan, and a cursor inside the session's transaction."""
        at = session.info.get(_OPEN)
        if at is None or at.transaction is not session.get_transaction():
            connection = session.connection()
            at = _Open(session.get_transaction(), connection.dialect, connection.connection)
            session.info[_OPEN] = at
        plan = self._plans.get(at.dialect.name)
        if plan is None:
            built = self._statement
            plan = self._plans[at.dialect.name] = _Plan(
                built(at.dialect.name) if callable(built) else built, at.dialect
            )
        return plan, at.driver.cursor()


_OPEN = "crm_prepared"


class _Open(NamedTuple):
    """The driver's connection in a session's transaction; asking the session takes longer than a query."""

    transaction: Any
    dialect: Dialect
    driver: Any


class _Plan:
    """A statement on one kind of database."""

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined] # every statement can
        assert isinstance(compiled, SQLCompiler)
        assert "POSTCOMPILE" not in compiled.string, "an IN of fixed length: use one_of or ors"
        self.sql = compiled.string
        self._constants = {
            name: bind.value for bind, name in compiled.bind_names.items() if not bind.required
        }
        self._order = compiled.positiontup
        self._write: dict[str, Convert] = dict(compiled._bind_processors)  # type: ignore[arg-type] # noqa: SLF001 - no tuples here
        self._write |= {
            name: quick[0]
            for bind, name in compiled.bind_names.items()
            if name in self._write and (quick := _quick(bind.type, dialect)) is not None
        }
        self._columns = [
            (place, read)
            for place, column in enumerate(compiled._result_columns)  # noqa: SLF001 - as above
            if (read := _reader(column.type, dialect)) is not None
        ]
        self._dialect = dialect
        self.error: type[Exception] = dialect.loaded_dbapi.Error

    def written(self, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a tuple or a dict, as the driver wants
        """The values, as the driver takes them."""
        whole = {**self._constants, **values} if self._constants else values
        write = self._write
        ready = {
            name: write[name](value) if name in write and value is not None else value
            for name, value in whole.items()
        }
        return ready if self._order is None else tuple([ready[name] for name in self._order])

    def read(self, rows: Collection[Any]) -> list[Row]:
        """The driver's rows, each value as its column's type reads it."""
        odd = self._columns
        if not odd:
            return [tuple(row) for row in rows]
        ready = []
        for row in rows:
            values = list(row)
            for place, read in odd:
                values[place] = read(values[place])
            ready.append(tuple(values))
        return ready

    def give_up(self, error: Exception) -> NoReturn:
        """Raise what SQLAlchemy would have raised. Values stay out of it: they may be about people."""
        raise DBAPIError.instance(
            self.sql, None, error, self.error, hide_parameters=True, dialect=self._dialect
        ) from error


def _reader(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    quick = _quick(kind, dialect)
    return kind.dialect_impl(dialect).result_processor(dialect, None) if quick is None else quick[1]


def _quick(kind: TypeEngine[Any], dialect: Dialect) -> tuple[Convert, Convert] | None:
    """How the types of most columns are written and read, without the layers of a decorator around them."""
    if isinstance(kind, UTCDateTime) and dialect.name == "sqlite":
        return _written_moment, _read_moment
    if (
        isinstance(kind, Enum)
        and isinstance(kind.enum_class, type)
        and issubclass(kind.enum_class, enum.StrEnum)
    ):
        return _written_member(kind.enum_class), _read_member(kind.enum_class)
    return None


def _written_moment(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError(f"naive datetime: {value!r}")
    return value.astimezone(UTC).isoformat(" ", "microseconds")[:26]


def _read_moment(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)


def _written_member(kind: type[enum.StrEnum]) -> Convert:
    values = {member: member.value for member in kind}
    return values.__getitem__


def _read_member(kind: type[enum.StrEnum]) -> Convert:
    members: dict[str | None, enum.StrEnum | None] = {member.value: member for member in kind}
    members[None] = None
    return members.__getitem__
