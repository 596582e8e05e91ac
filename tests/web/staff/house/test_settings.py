"""The owner's answers change what the gate says, and are on record."""

import pytest
from sqlalchemy import select

from crm.audit.models import AuditEntry
from crm.kernel.mail import MailKind
from crm.operations import switches
from crm.permission.decide import decide
from crm.permission.findings import Verdict
from crm.queries.gate.facts import facts_for
from crm.services import Services
from crm.staff.roles import Act
from crm.web.staff import words
from tests.outreach import Outreach
from tests.web.staff.conftest import Browser


def _verdict(services: Services, person: int) -> Verdict:
    now = services.clocks.calendar()
    with services.database.reading() as session:
        return decide(
            facts_for(session, [person], MailKind.OUTREACH, now, services.settings)[person], now
        ).verdict


def _actions(services: Services) -> list[str]:
    with services.database.reading() as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_stopping_everything_holds_every_mail(admin: Browser, outreach: Outreach, services: Services) -> None:
    person = outreach.person()
    assert _verdict(services, person) is Verdict.ALLOW
    assert admin.post("/settings/switch/paused", {"on": "yes"}).status_code == 303
    assert _verdict(services, person) is Verdict.WAIT
    assert "everything.paused" in _actions(services)


def test_a_salesperson_cannot_answer_for_a_ground(sales: Browser, services: Services) -> None:
    assert sales.post("/settings/switch/legitimate_interest", {"on": "yes"}).status_code == 403
    with services.database.reading() as session:
        assert not switches.is_on(session, switches.LEGITIMATE_INTEREST)


def test_a_stricter_rule_of_the_owner_holds_at_once(
    admin: Browser, outreach: Outreach, services: Services
) -> None:
    person = outreach.person("info@winkel.example")
    change = {"country": "NL", "column": "generic_info", "code": "c", "reason": "Counsel says so"}
    assert admin.post("/settings/countries", change).status_code == 303
    assert _verdict(services, person) is Verdict.DENY
    assert "country.overridden" in _actions(services)


@pytest.mark.parametrize(
    "change",
    [
        {"country": "XX", "column": "generic_info", "code": "c", "reason": "x"},
        {"country": "NL", "column": "everything", "code": "c", "reason": "x"},
        {"country": "NL", "column": "generic_info", "code": "yes", "reason": "x"},
        {"country": "NL", "column": "generic_info", "code": "c", "reason": " "},
    ],
)
def test_a_rule_that_is_none_is_refused_in_words(admin: Browser, change: dict[str, str]) -> None:
    reply = admin.post("/settings/countries", change)
    assert (reply.status_code, "Nothing was changed" in reply.text) == (422, True)


def test_an_assessment_needs_a_review_ahead(admin: Browser) -> None:
    said = {"title": "Webshops abroad", "scope": "gb, us", "text": "Interest. Necessity. Balance."}
    assert admin.post("/settings/assessments", {**said, "review_on": "2020-01-01"}).status_code == 422
    assert admin.post("/settings/assessments", {**said, "review_on": "2027-01-01"}).status_code == 303
    assert "GB,US" in admin.get("/settings").text


def test_what_was_typed_is_still_there_after_a_fault(admin: Browser) -> None:
    said = {
        "title": "Winkels in België",
        "scope": "be",
        "text": "Belang. Afweging.",
        "review_on": "x",
    }
    page = admin.post("/settings/assessments", said).text
    assert all(one in page for one in ("Winkels in België", "Belang. Afweging.", 'value="be"'))
    said = {"country": "BE", "column": "sole_trader", "code": "p", "reason": ""}
    page = admin.post("/settings/countries", said).text
    assert '<option value="BE" selected>' in page
    assert '<option value="p" selected>' in page
    assert " selected>" not in admin.get("/settings").text


def test_every_act_of_the_table_of_roles_has_words() -> None:
    assert words.ACT.keys() == set(Act)
