"""Every Monday of the long run a file with new webshops comes in; the day after they are enrolled."""

import io
from datetime import datetime
from typing import Final

from sqlalchemy import select

from crm.prospects.choices import Choices
from crm.prospects.models import Prospect, SourceKind
from crm.prospects.reading.mapping import guess
from crm.prospects.reading.parsed import Defaults
from crm.prospects.reading.vocabulary import DeclaredBasis
from crm.sequences.models import Enrolment, Sequence
from crm.services import Services
from crm.workflows.people.receive_import import receive_import, start_import
from crm.workflows.series.enrol import enrol

A_WEEK: Final = 24
_AT_ONCE: Final = 400
"""People enrolled in one transaction."""

_TOWNS: Final = ("Breda", "Zwolle", "Assen", "Goes", "Weert", "Delft")


def bring_in(services: Services, now: datetime, *, by: int, count: int = A_WEEK, name: str = "") -> int:
    """A file is uploaded and started; workers take its rows in. Its id."""
    week = name or f"{now:%G%V}"
    rows = (
        f"info@schoenen{week}-{number}.example;Schoenen {_TOWNS[number % len(_TOWNS)]} {week}-{number} BV;NL"
        for number in range(count)
    )
    content = "\r\n".join(["Email;Company;Country", *rows, ""]).encode()
    row, table = receive_import(services.intake, io.BytesIO(content), file_name=f"week{week}.csv", by=by)
    defaults = Defaults(
        source_kind=SourceKind.WEBSITE,
        source_url="https://www.schoenen.example/contact",
        obtained_on=now.date(),
        relevance="sells shoes online",
        basis=DeclaredBasis.PUBLISHED_ADDRESS,
        basis_url="https://www.schoenen.example/contact",
        basis_wording="Leveranciers kunnen hun aanbod mailen.",
        confirmed_by="Sanne",
    )
    choices = Choices(guess(table.headers), defaults, relevance_by="Sanne")
    return start_import(services.intake, row.public_id, choices).id


def enrol_them(services: Services, now: datetime, *, by: int) -> None:
    """Whoever came in with a file of the long run and is in no sequence yet, some of them at least."""
    new = select(Prospect.id).where(
        Prospect.address.like("info@schoenen%"), Prospect.id.not_in(select(Enrolment.prospect_id))
    )
    with services.database.transaction() as session:
        sequence = session.scalars(select(Sequence.id).where(Sequence.language == "nl")).first()
        ids = list(session.scalars(new.order_by(Prospect.id).limit(_AT_ONCE)))
        if sequence is not None and ids:
            enrol(session, ids, sequence, by=by, now=now, settings=services.settings)
