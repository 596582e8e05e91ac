"""Run migrations: with the connection that `crm.bootstrap` hands over, or on the URL of the settings."""

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.types import TypeEngine

from crm.kernel.db import UTCDateTime
from crm.models import metadata


def render_item(kind: str, item: object, _autogen: object) -> str | bool:
    """Spell our own column types in plain SQLAlchemy, so that a migration never imports the program."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime()"
    return False


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Leave the search indexes out of the comparison: they are tables of the database's own making."""
    return not (kind == "table" and name is not None and "_search" in name)


def same_type(*args: object) -> bool | None:
    """A time column is a time column, whatever the database calls it."""
    declared = args[4]
    return False if isinstance(declared, TypeEngine) and isinstance(declared, UTCDateTime) else None


def run(connection: Connection) -> None:
    """Migrate in one transaction: all or nothing, on SQLite too."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_item=render_item,
        include_name=include_name,
        compare_type=same_type,
        compare_server_default=False,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
