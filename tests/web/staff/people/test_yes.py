"""They said yes: what is offered where a no stands, and what the second of two colleagues is told."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from crm.handoff.models import Lead
from crm.privacy.models import RefusalScope
from crm.prospects.models import Prospect
from crm.services import Services
from crm.staff.models import Role
from tests.conftest import NOW, FakeClock
from tests.outreach import Outreach
from tests.web.staff.conftest import Browser, browser_of

OFFER = "How do they get the link?"


@pytest.fixture
def anna(outreach: Outreach) -> int:
    return outreach.person("anna@winkel.example", name="Anna de Boer")


@pytest.mark.parametrize(
    ("scope", "title"),
    [
        (RefusalScope.ADDRESS, "They asked us not to write"),
        (RefusalScope.DOMAIN, "Their whole company asked us not to write"),
    ],
)
def test_where_a_no_stands_it_is_shown_with_what_would_mend_it(
    sales: Browser, outreach: Outreach, anna: int, scope: RefusalScope, title: str
) -> None:
    outreach.refuse("anna@winkel.example", scope=scope)
    for answer in (sales.get(f"/prospects/{anna}/convert"), sales.post(f"/prospects/{anna}/convert")):
        assert OFFER not in answer.text
        assert title in answer.text
        assert "Recorded on Mon 2 Mar 2026" in answer.text
        assert "they can sign up with the image service themselves" in answer.text
    assert answer.status_code == 409


def test_who_wants_storage_only_is_not_offered_either(sales: Browser, services: Services, anna: int) -> None:
    with services.database.transaction() as session:
        session.execute(update(Prospect).values(restricted_at=NOW))
    page = sales.get(f"/prospects/{anna}/convert").text
    assert OFFER not in page
    assert "Their data may be kept and nothing else" in page


def test_the_second_of_two_is_told_whose_yes_it_is_and_when(
    app: Flask, sales: Browser, services: Services, outreach: Outreach, anna: int, clock: FakeClock
) -> None:
    other = browser_of(app, services, Role.MANAGER)
    assert OFFER in other.get(f"/prospects/{anna}/convert").text
    sales.post(f"/prospects/{anna}/convert", {"link": "copy"})
    clock.advance(timedelta(minutes=3))
    for answer in (
        other.post(f"/prospects/{anna}/convert", {"link": "mail"}),
        other.get(f"/prospects/{anna}/convert"),
    ):
        assert answer.status_code == 303
        page = other.get(answer.headers["Location"]).text
        assert "Sanne sales noted their yes before: 10:00. Nothing was done twice." in page
        assert "The link is to be passed on by a colleague." in page
        assert "The lead is on its way" not in page
    with services.database.reading() as session:
        assert len(session.scalars(select(Lead)).all()) == 1


def test_who_presses_twice_hears_that_it_was_them(sales: Browser, anna: int) -> None:
    sales.post(f"/prospects/{anna}/convert")
    again = sales.post(f"/prospects/{anna}/convert")
    assert "You noted their yes before" in sales.get(again.headers["Location"]).text
