"""The rows a race begins with: made once, kept beside the tables, and laid back before each interleaving."""

from types import TracebackType
from typing import Any, Self

from sqlalchemy import create_engine

from crm import models

_TABLES = models.metadata.sorted_tables


class Scene:
    """What every table holds at the beginning. Making a database anew would take a hundred times as long."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url, isolation_level="AUTOCOMMIT")
        self._is_sqlite = url.startswith("sqlite")
        self._driver: Any = self._engine.raw_connection()
        self._run("ATTACH ':memory:' AS scene" if self._is_sqlite else "CREATE SCHEMA scene")
        for one in _TABLES:
            self._run(f"CREATE TABLE scene.{one.name} AS SELECT * FROM {one.name}")  # noqa: S608 - our own tables
        columns = {one.name: ", ".join(f'"{column.name}"' for column in one.columns) for one in _TABLES}
        begin, main = ("BEGIN IMMEDIATE", "main") if self._is_sqlite else ("BEGIN", "public")
        steps = [
            begin,
            *(f"DELETE FROM {main}.{one.name}" for one in reversed(_TABLES)),  # noqa: S608 - as above
            *(
                f"INSERT INTO {main}.{one} ({names}) SELECT {names} FROM scene.{one}"  # noqa: S608 - as above
                for one, names in columns.items()
            ),
            "COMMIT",
        ]
        self._back = ";".join(steps)

    def lay_back(self) -> None:
        """Make every table as it was."""
        self._run(self._back)

    def _run(self, script: str) -> None:
        cursor = self._driver.cursor()
        if self._is_sqlite:
            cursor.executescript(script)
        else:
            cursor.execute(script)
        cursor.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._is_sqlite:
            self._run("DROP SCHEMA scene CASCADE")
        self._driver.close()
        self._engine.dispose()
