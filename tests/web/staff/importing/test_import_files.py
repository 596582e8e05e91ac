"""The way of a file over the import page: thrown away, started once, and looked at by outcome."""

import re

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from crm.prospects import uploads
from crm.prospects.import_models import Import
from crm.prospects.models import Prospect
from crm.services import Services
from crm.workflows.people.import_prospects import import_prospects
from tests.web.staff.conftest import BASE, Browser

SHEET = b"""email,company,name,since
anna@kaarsen.example,Kaarsenwinkel,Anna de Boer,03/04/2025
niet-een-adres,Stoelenhuis,Bas,03/04/2025
carla@lampen.example,Lampenwinkel,Carla Smit,03/04/2025
"""
CHOICES = {
    "source_kind": "fair",
    "source_words": "Beurs in Utrecht",
    "country": "NL",
    "language": "nl",
    "day_first": "day",
    "column-3": "obtained_on",
}


def upload(browser: Browser, content: bytes) -> TestResponse:
    """As a browser's form without a script sends it: the token stands in the body, beside the file."""
    field = 'Content-Disposition: form-data; name="{}"'
    parts = [
        f"--b\r\n{field.format('csrf_token')}\r\n\r\n{browser.token}\r\n".encode(),
        f'--b\r\n{field.format("file")}; filename="prospects.csv"\r\n\r\n'.encode(),
        content,
        b"\r\n--b--\r\n",
    ]
    return browser.client.post(
        "/imports", base_url=BASE, data=b"".join(parts), content_type="multipart/form-data; boundary=b"
    )


def test_a_file_may_be_as_large_as_the_page_says(sales: Browser, services: Services) -> None:
    row = b"carla@lampen.example,Lampenwinkel,Carla Smit,03/04/2025\n"
    answer = upload(sales, SHEET + row * (19 * 1024 * 1024 // len(row)))
    assert answer.status_code == 303
    [kept] = services.intake.uploads.iterdir()
    assert kept.stat().st_size > 18 * 1024 * 1024


@pytest.mark.parametrize(("megabytes", "code"), [(20.5, 422), (25, 413)])
def test_a_larger_one_is_refused_and_not_kept(
    sales: Browser, services: Services, megabytes: float, code: int
) -> None:
    answer = upload(sales, SHEET + b"x" * int(megabytes * 1024 * 1024))
    assert answer.status_code == code
    assert "large" in answer.text
    assert list(services.intake.uploads.iterdir()) == []


def test_no_other_page_takes_so_much(sales: Browser, services: Services) -> None:
    assert sales.post("/prospects/new", {"note": "x" * 3_000_000}).status_code == 413


@pytest.fixture
def uploaded(sales: Browser) -> str:
    answer = upload(sales, SHEET)
    assert answer.status_code == 303
    return answer.headers["Location"]


def test_a_file_that_was_not_started_can_be_thrown_away(
    sales: Browser, services: Services, uploaded: str
) -> None:
    folder = uploads.folder_of(services.settings.var)
    assert len(list(folder.iterdir())) == 1
    assert sales.post(uploaded, {"act": "discard"}).status_code == 303
    assert list(folder.iterdir()) == []
    with services.database.reading() as session:
        assert session.scalars(select(Import)).all() == []
    assert sales.get(uploaded).status_code == 404


def test_a_second_press_of_the_start_leads_to_the_import_that_runs(
    sales: Browser, services: Services, uploaded: str
) -> None:
    for _ in range(2):
        answer = sales.post(uploaded, {**CHOICES, "act": "start"})
        assert (answer.status_code, answer.headers["Location"]) == (303, uploaded)
    with services.database.reading() as session:
        assert len(session.scalars(select(Import)).all()) == 1
        assert session.scalars(select(Prospect)).all() == []


def test_the_rows_of_one_outcome_are_shown_on_their_own(
    sales: Browser, services: Services, uploaded: str
) -> None:
    sales.post(uploaded, {**CHOICES, "act": "start"})
    with services.database.reading() as session:
        [number] = session.scalars(select(Import.id))
    import_prospects(services.intake, number)
    page = sales.get(uploaded).text
    assert "Done" in page
    assert f"{uploaded}?outcome=broken#lines" in page
    broken = sales.get(f"{uploaded}?outcome=broken").text
    assert "Rows with a reason: Broken" in broken
    assert len(re.findall(r">line \d+<", broken)) == 1
