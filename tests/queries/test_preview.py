"""What the preview of an import promises."""

import io
from dataclasses import replace

import pytest

from crm.prospects import uploads
from crm.prospects.choices import NO_ADDRESSES, NO_SOURCE, Choices
from crm.prospects.import_models import ImportRow, RowOutcome
from crm.prospects.models import Company, Prospect
from crm.prospects.reading.columns import DropReason
from crm.prospects.reading.table import open_table
from crm.queries.imports.preview import Preview, preview
from crm.services import Services
from crm.workflows.people.import_batch import Intake
from crm.workflows.people.receive_import import receive_import
from tests.conftest import NOW
from tests.imports import DEFAULTS, brought, choices_for, count, intake_of, sheet

ANN = "ann@schoenen.example;Ann Smit;Schoenen B.V.;NL;Inkoper"


@pytest.fixture
def intake(services: Services) -> Intake:
    return intake_of(services)


def look(services: Services, intake: Intake, content: bytes, **more: int) -> Preview:
    row, table = receive_import(intake, io.BytesIO(content), file_name="x.csv", by=None)
    again = open_table(uploads.path_of(intake.uploads, row.stored_as))
    with services.database.reading() as session:
        return preview(
            session, again, choices_for(table.headers), ring=intake.ring, controller=intake.controller,
            now=NOW, **more,
        )  # fmt: skip


def test_it_says_what_the_import_then_does(services: Services, intake: Intake) -> None:
    content = sheet(ANN, "ANN@schoenen.example;;;;", "nobody;;;;", "bob@fietsen.example;;;US;")
    found = look(services, intake, content)
    ended = brought(intake, content)
    assert {outcome.value: number for outcome, number in found.counts.items()} == ended.counts
    assert [row.outcome for row in found.rows] == [
        RowOutcome.NOT_ALLOWED,
        RowOutcome.DUPLICATE,
        RowOutcome.BROKEN,
        RowOutcome.NOT_ALLOWED,
    ]


def test_rows_are_not_called_broken_for_what_nobody_has_said_yet(services: Services, intake: Intake) -> None:
    row, table = receive_import(intake, io.BytesIO(sheet(ANN)), file_name="x.csv", by=None)
    table, unsaid = open_table(uploads.path_of(intake.uploads, row.stored_as)), Choices.guessed(table.headers)
    with services.database.reading() as session:
        found = preview(
            session, table, unsaid,
            ring=intake.ring, controller=intake.controller, now=NOW,
        )  # fmt: skip
    assert RowOutcome.BROKEN not in found.counts
    assert found.problems


def test_it_writes_nothing(services: Services, intake: Intake) -> None:
    look(services, intake, sheet(ANN))
    assert [count(services.database, one) for one in (Prospect, Company, ImportRow)] == [0, 0, 0]


def test_it_shows_a_row_as_it_would_be_taken(services: Services, intake: Intake) -> None:
    [row] = look(services, intake, sheet(ANN)).rows
    assert (row.line, row.address, row.name, row.company) == (
        2,
        "ann@schoenen.example",
        "Ann Smit",
        "Schoenen B.V.",
    )
    assert row.reason


def test_it_names_the_columns_that_are_not_kept(services: Services, intake: Intake) -> None:
    found = look(
        services, intake, sheet("ann@schoenen.example;S;+31 6", headers="Email;Company;Mobile phone")
    )
    assert found.dropped == (("Mobile phone", DropReason.PHONE),)


def test_it_counts_further_than_it_shows(services: Services, intake: Intake) -> None:
    lines = [f"p{number}@shop.example;;Shop;NL;" for number in range(30)]
    found = look(services, intake, sheet(*lines), shown=5, most=20)
    assert (len(found.rows), found.looked_at, found.is_whole) == (5, 20, False)
    assert look(services, intake, sheet(*lines)).is_whole


def test_it_finds_duplicates_across_its_batches(services: Services, intake: Intake) -> None:
    lines = [f"p{number % 1200}@shop.example;;Shop;NL;" for number in range(1500)]
    assert look(services, intake, sheet(*lines)).counts[RowOutcome.DUPLICATE] == 300


def test_it_says_what_is_missing(services: Services, intake: Intake) -> None:
    table_headers = ("Colour", "Company")
    choices = choices_for(table_headers, replace(DEFAULTS, source_kind=None))
    assert choices.problems == (NO_ADDRESSES, NO_SOURCE)


def test_before_a_source_is_chosen_the_rows_are_shown_as_they_would_be_with_one(
    services: Services, intake: Intake
) -> None:
    """Nothing is wrong with them: what is missing is said once, and keeps the import from starting."""
    row, table = receive_import(intake, io.BytesIO(sheet(ANN)), file_name="x.csv", by=None)
    unsaid = choices_for(table.headers, replace(DEFAULTS, source_kind=None, obtained_on=None))
    again = open_table(uploads.path_of(intake.uploads, row.stored_as))
    with services.database.reading() as session:
        found = preview(session, again, unsaid, ring=intake.ring, controller=intake.controller, now=NOW)
    assert found.problems == (NO_SOURCE,)
    assert [one.name for one in found.rows] == ["Ann Smit"]
    assert RowOutcome.BROKEN not in found.counts
