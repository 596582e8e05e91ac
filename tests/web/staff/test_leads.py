"""The board of leads: nobody who said yes is out of sight, and what does not go on says why."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from crm.audit import chain
from crm.handoff.models import Lead, LeadState
from crm.services import Services
from crm.web.staff import leads as board
from crm.workflows.leads.convert import Converting, convert
from tests.conftest import NOW
from tests.outreach import Outreach
from tests.web.staff.conftest import Browser

pytestmark = pytest.mark.both_databases


def said_yes(outreach: Outreach, number: int) -> list[int]:
    """Leads, each a minute later than the one before."""
    services = outreach.services
    how = Converting(services.settings.keys.addresses, services.links, NOW, NOW)
    people = outreach.people(number)
    with services.database.transaction() as session:
        made = [convert(session, person, how, by=chain.OWNER).lead.id for person in people]
        for minute, lead in enumerate(made):
            at = NOW + timedelta(minutes=minute)
            session.execute(update(Lead).where(Lead.id == lead).values(changed_at=at))
    return made


def become(services: Services, state: LeadState, *, outcome: str = "") -> None:
    with services.database.transaction() as session:
        session.execute(update(Lead).values(state=state, outcome=outcome, next_try_at=None))


def shown(page: str) -> list[int]:
    return [int(one) for one in re.findall(r'href="/leads/(\d+)"', page)]


def test_the_count_is_true_and_the_older_ones_are_a_press_away(
    admin: Browser, outreach: Outreach, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "_MOST", 2)
    monkeypatch.setattr(board, "_PAGE", 3)
    made = said_yes(outreach, 7)
    page = admin.get("/leads").text
    assert shown(page) == made[:-3:-1]
    assert '<span class="count">7</span>' in page
    [whole] = re.findall(r'href="(/leads/in/[a-z-]+)">Show all 7<', page)
    seen: list[int] = []
    while whole:
        page = admin.get(whole.replace("&amp;", "&")).text
        seen += shown(page)
        found = re.findall(r'rel="next" href="([^"]+)"', page)
        whole = found[0] if found else ""
    assert seen == made[::-1]


def test_states_of_one_column_are_in_one_order(admin: Browser, outreach: Outreach) -> None:
    made = said_yes(outreach, 4)
    with outreach.services.database.transaction() as session:
        session.execute(update(Lead).values(state=LeadState.PAID))
        session.execute(update(Lead).where(Lead.id.in_(made[::2])).values(state=LeadState.CLOSED))
    assert shown(admin.get("/leads").text) == shown(admin.get("/leads/in/paid").text) == made[::-1]


@pytest.mark.parametrize("before", ["x", "1_x", "nan_1", "9e99_1", "-9e99_1", "_", "1_" + "9" * 99])
def test_a_page_that_nobody_made_begins_at_the_newest(
    admin: Browser, outreach: Outreach, before: str
) -> None:
    made = said_yes(outreach, 2)
    assert shown(admin.get(f"/leads/in/on-the-way?before={before}").text) == made[::-1]


def test_a_column_that_is_none_is_not_found(admin: Browser) -> None:
    assert admin.get("/leads/in/nowhere").status_code == 404


def test_more_than_anybody_counts(
    admin: Browser, outreach: Outreach, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "COUNTED", 1)
    said_yes(outreach, 2)
    assert '<span class="count">1+</span>' in admin.get("/leads").text


def test_without_an_image_service_it_says_that_nobody_takes_them(
    admin: Browser, outreach: Outreach, services: Services
) -> None:
    [lead] = said_yes(outreach, 1)
    assert "CRM_IMAGE_SERVICE_URL" not in admin.get("/leads").text
    object.__setattr__(services, "image_service", None)
    assert "CRM_IMAGE_SERVICE_URL" in admin.get("/leads").text
    assert "CRM_IMAGE_SERVICE_URL" in admin.get(f"/leads/{lead}").text


def test_a_conflict_says_whom_to_ask_and_has_no_button(
    admin: Browser, outreach: Outreach, services: Services
) -> None:
    [lead] = said_yes(outreach, 1)
    become(services, LeadState.CONFLICT, outcome="other_body")
    page = admin.get(f"/leads/{lead}").text
    with services.database.reading() as session:
        name = session.scalars(select(Lead.public_id)).one()
    assert f"look up {name}" in page
    assert "Try again" not in page
    admin.post(f"/leads/{lead}/retry")
    with services.database.reading() as session:
        assert session.scalars(select(Lead.state)).one() is LeadState.CONFLICT


def test_a_no_after_the_yes_is_told(admin: Browser, outreach: Outreach, services: Services) -> None:
    [lead] = said_yes(outreach, 1)
    become(services, LeadState.REFUSED, outcome="objected")
    assert "nothing is handed over" in admin.get(f"/leads/{lead}").text


def test_an_index_has_the_newest_of_a_state(services: Services) -> None:
    if not services.database.is_sqlite:
        return
    query = "SELECT id FROM leads WHERE state = 'paid' ORDER BY changed_at DESC, id DESC LIMIT 9"
    with services.database.reading() as session:
        plan = " ".join(str(row) for row in session.execute(text(f"EXPLAIN QUERY PLAN {query}")))
    assert "ix_leads_state_changed_at_id" in plan
    assert "TEMP B-TREE" not in plan


def test_a_day_on_a_card_begins_small_as_it_ends_a_sentence(admin: Browser, outreach: Outreach) -> None:
    said_yes(outreach, 1)
    with outreach.services.database.transaction() as session:
        session.execute(update(Lead).values(changed_at=outreach.now - timedelta(days=1)))
    assert "waits for the image service, yesterday<" in admin.get("/leads").text
