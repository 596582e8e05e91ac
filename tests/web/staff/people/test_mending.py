"""What stands in the way is mended where the page says so, by whoever the reason names."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from crm.audit.models import AuditEntry
from crm.kernel.mail import MailKind, TrackingMode
from crm.kernel.settings import Tracking
from crm.permission.measuring import mode_of
from crm.permission.terms import AddressState
from crm.privacy.models import RefusalScope
from crm.prospects.models import Prospect, Status
from crm.queries.gate.facts import facts_for
from crm.services import Services
from tests.outreach import Outreach
from tests.web.staff.conftest import Browser

GROUND = {
    "basis": "published_address",
    "basis_url": "https://www.winkel.example/contact",
    "basis_wording": "Leveranciers kunnen hun aanbod mailen naar dit adres.",
    "given_on": "2026-03-01",
}


def sentence(browser: Browser, who: int) -> str:
    return browser.get(f"/prospects/{who}").text.partition('id="verdict-sentence">')[2].partition("<")[0]


def test_a_ground_is_recorded_from_the_reason_that_asks_for_it(sales: Browser, outreach: Outreach) -> None:
    who = outreach.person(proven=False)
    assert sentence(sales, who) == "No"
    assert f'href="/prospects/{who}/ground"' in sales.get(f"/prospects/{who}").text
    assert sales.get(f"/prospects/{who}/ground").status_code == 200
    assert sales.post(f"/prospects/{who}/ground", GROUND).status_code == 303
    assert sentence(sales, who) == "Yes, you may"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({}, "Choose a ground"),
        ({**GROUND, "given_on": ""}, "Say on which day"),
        ({**GROUND, "given_on": "2026-03-09"}, "This date lies in the future"),
        ({**GROUND, "basis_url": "javascript:alert(1)"}, "not the address of a web page"),
        ({"source_kind": "fair"}, "Say since when"),
    ],
)
def test_a_ground_that_says_too_little_is_not_recorded(
    sales: Browser, outreach: Outreach, typed: dict[str, str], words: str
) -> None:
    who = outreach.person(proven=False)
    answer = sales.post(f"/prospects/{who}/ground", typed)
    assert answer.status_code == 422
    assert words in answer.text
    assert sentence(sales, who) == "No"


AGREED = {"measuring_on": "2026-03-01", "measuring_words": "Op de beurs: “kijk gerust of ik het lees”"}


def test_whoever_agreed_to_be_measured_is_and_their_words_are_kept(
    sales: Browser, services: Services, outreach: Outreach
) -> None:
    """D4: in France nobody is measured without consent."""
    who = outreach.person(country="FR")
    with services.database.reading() as session:
        before = facts_for(session, [who], MailKind.OUTREACH, outreach.now, services.settings)[who]
    assert sales.post(f"/prospects/{who}/ground", AGREED).status_code == 303
    with services.database.reading() as session:
        after = facts_for(session, [who], MailKind.OUTREACH, outreach.now, services.settings)[who]
        assert "measuring.agreed" in set(session.scalars(select(AuditEntry.action)))
    modes = [mode_of(facts, Tracking.POLICY) for facts in (before, after)]
    assert modes == [TrackingMode.OFF, TrackingMode.INDIVIDUAL]
    assert "kijk gerust of ik het lees" in sales.get(f"/prospects/{who}").text


@pytest.mark.parametrize("missing", list(AGREED))
def test_an_agreement_that_says_too_little_is_not_recorded(
    sales: Browser, services: Services, outreach: Outreach, missing: str
) -> None:
    who = outreach.person()
    answer = sales.post(f"/prospects/{who}/ground", {**AGREED, missing: ""})
    assert (answer.status_code, "Nothing was saved" in answer.text) == (422, True)
    with services.database.reading() as session:
        assert session.get_one(Prospect, who).measuring_consent_at is None


def answered_by_a_colleague(outreach: Outreach) -> int:
    first = outreach.person(name="Anna de Boer")
    with outreach.services.database.transaction() as session:
        anna = session.get_one(Prospect, first)
        anna.status, anna.last_reply_at = Status.REPLIED, outreach.now - timedelta(hours=2)
        company_id = anna.company_id
    return outreach.person(name="Bas Bakker", company_id=company_id)


def test_after_an_answer_was_read_the_others_are_released(
    sales: Browser, services: Services, outreach: Outreach
) -> None:
    bas = answered_by_a_colleague(outreach)
    assert sentence(sales, bas) == "Only by hand"
    assert "Release the others" in sales.get(f"/prospects/{bas}").text
    assert sales.post(f"/prospects/{bas}/release").status_code == 303
    assert sentence(sales, bas) == "Yes, you may"
    with services.database.reading() as session:
        assert "company.released" in set(session.scalars(select(AuditEntry.action)))


def test_where_a_whole_company_said_no_nobody_is_released(
    sales: Browser, services: Services, outreach: Outreach
) -> None:
    bas = answered_by_a_colleague(outreach)
    outreach.refuse(outreach.prospect(bas).address, scope=RefusalScope.DOMAIN)
    for page in (sales.get(f"/prospects/{bas}").text, sales.get(f"/prospects/{bas}/why").text):
        assert "Nobody here can take it back" in page
        assert "Nothing can be released: the no of their whole company stands." in page
        assert "elease the others" not in page
    answer = sales.post(f"/prospects/{bas}/release")
    assert "Nobody was released" in sales.get(answer.headers["Location"]).text
    with services.database.reading() as session:
        assert "company.released" not in set(session.scalars(select(AuditEntry.action)))


def test_an_address_that_turned_mail_away_is_marked_as_working(
    sales: Browser, services: Services, outreach: Outreach
) -> None:
    who = outreach.person()
    with services.database.transaction() as session:
        session.get_one(Prospect, who).address_state = AddressState.BOUNCING.value
    assert sentence(sales, who) == "Not yet"
    sales.post(f"/prospects/{who}/works")
    assert sentence(sales, who) == "Yes, you may"


def test_an_address_that_does_not_exist_is_not_made_to_work(
    sales: Browser, services: Services, outreach: Outreach
) -> None:
    who = outreach.person()
    with services.database.transaction() as session:
        session.get_one(Prospect, who).address_state = AddressState.BOUNCED.value
    sales.post(f"/prospects/{who}/works")
    assert sentence(sales, who) == "No"
