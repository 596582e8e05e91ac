"""One person, added by hand."""

import pytest

from crm.kernel.addresses import EmailAddress
from crm.privacy import register
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Wish
from crm.prospects.import_models import RowOutcome
from crm.prospects.models import Prospect, Source
from crm.prospects.reading.mapping import guess
from crm.prospects.reading.parsed import ParsedRow
from crm.prospects.reading.rows import read_row
from crm.services import Services
from crm.workflows.people.add_prospect import Added, add_prospect
from tests.conftest import NOW
from tests.imports import DEFAULTS, count, intake_of


def row(address: str = "ann@schoenen.example") -> ParsedRow:
    found = read_row([address, "Schoenen", "NL"], guess(["Email", "Company", "Country"]), DEFAULTS)
    assert isinstance(found, ParsedRow)
    return found


def add(services: Services, found: ParsedRow) -> Added:
    with services.database.transaction() as session:
        return add_prospect(session, intake_of(services), found, by=None, now=NOW)


def test_a_person_is_added_with_a_source(services: Services) -> None:
    added = add(services, row())
    assert (added.outcome, added.prospect_id) == (RowOutcome.NOT_ALLOWED, 1)
    assert added.reason
    assert [count(services.database, one) for one in (Prospect, Source)] == [1, 1]


def test_who_is_there_already_is_named(services: Services) -> None:
    first = add(services, row())
    again = add(services, row("ANN@schoenen.example"))
    assert (again.outcome, again.prospect_id) == (RowOutcome.UNCHANGED, first.prospect_id)


def test_nobody_is_added_without_a_source(services: Services) -> None:
    assert add(services, row()._replace(source_kind=None)).outcome is RowOutcome.BROKEN
    assert count(services.database, Prospect) == 0


@pytest.mark.parametrize("spelling", ["Ann@Schoenen.example", "ann+1@schoenen.example"])
def test_who_refused_is_not_added(services: Services, spelling: str) -> None:
    keys = register.keys_of(services.settings.keys.addresses, EmailAddress.parse("ann@schoenen.example"))
    wish = Wish(scope=RefusalScope.ADDRESS, reason=RefusalReason.OBJECTION, channel="page", at=NOW)
    with services.database.transaction() as session:
        register.record(session, keys, wish)
    added = add(services, row(spelling))
    assert (added.outcome, added.prospect_id) == (RowOutcome.REFUSED, None)
    assert count(services.database, Prospect) == 0
