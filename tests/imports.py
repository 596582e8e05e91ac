"""Files for imports, and the shortest way to bring one in."""

import io
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import func, select

from crm.kernel.db import Base, Database
from crm.prospects.choices import Choices
from crm.prospects.import_models import Import
from crm.prospects.models import SourceKind
from crm.prospects.reading.mapping import guess
from crm.prospects.reading.parsed import Defaults
from crm.services import Services
from crm.workflows.people.import_batch import Intake
from crm.workflows.people.import_prospects import import_prospects
from crm.workflows.people.import_run import Progress
from crm.workflows.people.receive_import import receive_import, start_import

DEFAULTS = Defaults(
    source_kind=SourceKind.FAIR,
    source_words="Webwinkel Vakdagen",
    obtained_on=date(2026, 2, 27),
    relevance="sells shoes online",
)
HEADERS = "Email;Name;Company;Country;Job title"


def intake_of(services: Services) -> Intake:
    """What the workflow needs, from the test's services."""
    return services.intake


def sheet(*lines: str, headers: str = HEADERS) -> bytes:
    """A CSV file."""
    return "\r\n".join([headers, *lines, ""]).encode()


def choices_for(headers: tuple[str, ...], defaults: Defaults = DEFAULTS, **more: Any) -> Choices:
    """What a colleague would choose for such a file."""
    return Choices(guess(headers), defaults, relevance_by="Noor", **more)


def received(intake: Intake, content: bytes, defaults: Defaults = DEFAULTS, **more: Any) -> Import:
    """A file that is uploaded and started; no row is taken yet."""
    row, table = receive_import(intake, io.BytesIO(content), file_name="prospects.csv", by=None)
    return start_import(intake, row.public_id, choices_for(table.headers, defaults, **more))


def brought(intake: Intake, content: bytes, **more: Any) -> Progress:
    """A file that was imported to its end."""
    defaults = replace(DEFAULTS, **more.pop("defaults", {}))
    ended = import_prospects(intake, received(intake, content, defaults, **more).id)
    assert ended is not None
    return ended


def count(database: Database, model: type[Base]) -> int:
    """How many rows a table has."""
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0
