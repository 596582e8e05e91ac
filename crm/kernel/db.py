"""The database: one base class, one column type for time, one way to open a transaction."""

import enum
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, TypeVar

from sqlalchemy import JSON, DateTime, Dialect, Enum, MetaData, Table, create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, registry
from sqlalchemy.types import TypeDecorator

from crm.kernel.inventory import Path
from crm.kernel.outages import CHOSEN
from crm.kernel.sqlite import BUSY_TIMEOUT, WRITES, keep_promises

ENUM_LENGTH = 32  # characters; the longest value any of our enums may have

T = TypeVar("T")

_TRIES: Final = 3

Transaction = Callable[[], AbstractContextManager[Session]]
"""Opens a transaction that commits when its block ends well and rolls back when it raises."""


class UTCDateTime(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC on databases with and without time zones.

    Raises:
        ValueError: the value is naive. A time without an offset is a bug where it was made.
    """

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime: {value!r}")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


def enum_column(kind: type[enum.Enum], *, name: str | None = None) -> Enum:
    """The column type of an enum: its values as text, checked by the database.

    A second column of the same kind in one table needs a `name` of its own for that check.
    """
    return Enum(
        kind,
        name=name,
        values_callable=lambda members: [member.value for member in members],
        native_enum=False,
        create_constraint=True,
        length=ENUM_LENGTH,
    )


class Base(DeclarativeBase):
    """The base of every model. Constraints get names, so that a migration can drop them."""

    __about__: ClassVar[Path | tuple[Path, ...] | None]
    """The way, or ways, from a row to the person it is about (D11); None when it is about nobody."""

    # A registry, not a type_annotation_map: Flask-SQLAlchemy 3.1 fails on the latter (its issue 1361).
    registry = registry(
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(column_0_label)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
        type_annotation_map={
            datetime: UTCDateTime(),
            dict[str, Any]: JSON(),
            enum.Enum: enum_column(enum.Enum),
        },
    )

    def __init_subclass__(cls, **options: Any) -> None:  # noqa: ANN401 - passed on
        """Use no row's number twice: links, audit entries and open pages speak of rows by their numbers.

        SQLite would give the number of an erased last row to the next one.
        """
        super().__init_subclass__(**options)
        table = cls.__table__
        if isinstance(table, Table) and table.autoincrement_column is not None:
            table.dialect_options["sqlite"]["autoincrement"] = True


class Database:
    """An engine, and the two ways to use it."""

    def __init__(self, url: str) -> None:
        """Take a URL: `sqlite:///file` or `postgresql+psycopg://…`. Nothing is opened yet."""
        given: dict[str, Any] = {}
        if url.startswith("postgresql"):
            # As long as SQLite's writers wait; left to itself PostgreSQL waits for ever.
            given = {"pool_pre_ping": True, "connect_args": {"options": f"-c lock_timeout={BUSY_TIMEOUT}s"}}
        self.engine = create_engine(url, hide_parameters=True, **given)
        keep_promises(self.engine)

    @property
    def is_sqlite(self) -> bool:
        """Tell whether a single writer at a time is the rule here."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Yield a new session; commit when the block ends well, roll back when it raises.

        Doors open transactions; everything below takes the session and never commits.
        Rows may still be read after the block, but no longer changed.
        """
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            session.connection(execution_options={WRITES: True})
            yield session

    def repeated(self, work: Callable[[Session], T]) -> T:
        """Run `work` in a transaction; again when PostgreSQL ended it to let others go on (a deadlock).

        For what nobody may be sent away with: `work` must bear to be begun anew.
        """
        for _ in range(_TRIES - 1):
            try:
                with self.transaction() as session:
                    return work(session)
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", None) not in CHOSEN:
                    raise
        with self.transaction() as session:
            return work(session)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session for looking only; whatever was changed in it is rolled back."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    def dispose(self) -> None:
        """Close every connection: before a fork, and at the end."""
        self.engine.dispose()
