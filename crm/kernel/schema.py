"""Bring a database to the newest schema, or say how far it is."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from crm.kernel.db import Database
from crm.kernel.sqlite import WRITES

_MIGRATIONS = Path(__file__).parents[2] / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def migrate(database: Database, *, to: str = "head") -> None:
    """Run what is missing, in one transaction: interrupted anywhere, the old schema is still there."""
    config = _config()
    connection = database.engine.connect().execution_options(**{WRITES: True})
    with connection, connection.begin():
        config.attributes["connection"] = connection
        if to in {"head", "heads"} or not to.startswith(("-", "base")):
            command.upgrade(config, to)
        else:
            command.downgrade(config, to)


def current(database: Database) -> str | None:
    """The revision a database is at; None when it is empty."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    """The revision this program wants."""
    return ScriptDirectory.from_config(_config()).get_current_head()
