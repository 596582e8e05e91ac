"""Somebody said yes: what stops, what is queued, and what a no or a second yes makes of it."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from crm.audit import chain
from crm.audit.models import AuditEntry
from crm.delivery.models import MessageState
from crm.handoff.leads import CODE_LIFE
from crm.handoff.models import Lead
from crm.kernel.errors import NotFoundError
from crm.kernel.public_links import code_digest
from crm.privacy.models import RefusalScope
from crm.prospects.models import Prospect, Status
from crm.sequences.models import EnrolmentState
from crm.services import Services
from crm.workflows.leads.convert import Converting, StandingNoError, convert
from tests.conftest import NOW, FakeClock
from tests.outreach import Outreach

pytestmark = pytest.mark.both_databases
ANNA = "anna@winkel.example"


@pytest.fixture
def outreach(services: Services) -> Outreach:
    return Outreach(services)


@pytest.fixture
def anna(outreach: Outreach) -> int:
    return outreach.person(ANNA, name="Anna de Boer")


def say_yes(services: Services, prospect_id: int) -> Lead:
    how = Converting(services.settings.keys.addresses, services.links, NOW, NOW)
    with services.database.transaction() as session:
        return convert(session, prospect_id, how, by=chain.OWNER).lead


def leads(services: Services) -> list[Lead]:
    with services.database.reading() as session:
        return list(session.scalars(select(Lead)))


def test_a_yes_stops_what_runs_and_takes_back_what_waits(
    services: Services, outreach: Outreach, anna: int, clock: FakeClock
) -> None:
    outreach.enrol(anna, outreach.sequence())
    clock.now = outreach.enrolments()[0].next_due_at or NOW
    outreach.plan()
    say_yes(services, anna)
    assert [one.state for one in outreach.enrolments()] == [EnrolmentState.STOPPED]
    assert outreach.states() == [MessageState.CANCELLED]
    assert outreach.prospect(anna).status is Status.CONVERTED


def test_the_body_says_which_company_and_nobody(services: Services, anna: int) -> None:
    body = say_yes(services, anna).body
    told = json.loads(body)
    assert set(told) == {"lead_id", "created_at", "code_digest", "expires_at", "language", "company"}
    assert set(told["company"]) <= {"name", "country", "website"}
    for secret in (b"anna", b"Boer", b"@", b"Inkoper"):
        assert secret not in body


def test_the_code_is_good_for_ninety_days_and_only_its_digest_is_told(services: Services, anna: int) -> None:
    lead = say_yes(services, anna)
    code = services.links.start_code(lead.public_id, lead.code_digest)
    assert code is not None
    assert lead.code_expires_at == NOW + CODE_LIFE
    assert timedelta(days=90) >= CODE_LIFE
    assert code_digest(code).encode() in lead.body
    assert code.encode() not in lead.body


def test_two_who_note_the_same_yes_make_one_lead(services: Services, anna: int) -> None:
    assert say_yes(services, anna).id == say_yes(services, anna).id
    assert len(leads(services)) == 1


@pytest.mark.parametrize("scope", [RefusalScope.ADDRESS, RefusalScope.DOMAIN])
@pytest.mark.parametrize("spelled", [ANNA, "ANNA+x@winkel.example"])
def test_nobody_who_told_us_to_stop_is_handed_over(
    services: Services, outreach: Outreach, anna: int, scope: RefusalScope, spelled: str
) -> None:
    outreach.refuse(spelled if scope is RefusalScope.ADDRESS else ANNA, scope=scope)
    with pytest.raises(StandingNoError):
        say_yes(services, anna)
    assert leads(services) == []
    assert outreach.prospect(anna).status is Status.NEW


def test_restricted_data_is_not_handed_over(services: Services, anna: int) -> None:
    with services.database.transaction() as session:
        session.execute(update(Prospect).values(restricted_at=NOW))
    with pytest.raises(StandingNoError):
        say_yes(services, anna)
    assert leads(services) == []


def test_an_objection_to_measuring_keeps_nobody_from_signing_up(
    services: Services, outreach: Outreach, anna: int
) -> None:
    outreach.refuse(ANNA, scope=RefusalScope.MEASURING)
    assert say_yes(services, anna).id


def test_who_is_gone_cannot_be_converted(services: Services) -> None:
    with pytest.raises(NotFoundError):
        say_yes(services, 4711)


def test_a_yes_is_on_record_once(services: Services, anna: int) -> None:
    for _ in range(2):
        say_yes(services, anna)
    with services.database.reading() as session:
        actions = list(session.scalars(select(AuditEntry.action)))
    assert actions.count("lead.queued") == 1
