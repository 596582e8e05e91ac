"""A no by the link of an old mail, after the address was put right: it is the same person who says it."""

import pytest
from sqlalchemy import select

from crm.delivery.models import MessageState
from crm.kernel.addresses import EmailAddress
from crm.privacy import register
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Wish
from crm.prospects.editing import ProspectChanges
from crm.prospects.models import Prospect
from crm.sequences.models import EnrolmentState
from crm.services import Services
from crm.workflows.people.edit_prospect import edit_prospect
from crm.workflows.refusals.refuse import Mailbox, refuse
from tests.conftest import NOW, FakeClock
from tests.outreach import Outreach

pytestmark = pytest.mark.both_databases
OLD, NEW = EmailAddress.parse("anna@winkel.example"), EmailAddress.parse("anna@laden.example")


@pytest.fixture
def outreach(services: Services, clock: FakeClock) -> Outreach:
    """Anna got her first mail; then her address was put right."""
    outreach = Outreach(services)
    anna = outreach.person(str(OLD))
    outreach.enrol(anna, outreach.sequence())
    clock.now = outreach.enrolments()[0].next_due_at or NOW
    outreach.plan()
    outreach.dispatch()
    assert outreach.states() == [MessageState.SENT]
    with services.database.transaction() as session:
        version = session.scalars(select(Prospect.version)).one()
        edit_prospect(
            session, anna, ProspectChanges(address=NEW), version=version,
            ring=services.settings.keys.addresses, journal=services.journal, by=1, now=NOW,
        )  # fmt: skip
    return outreach


def test_the_old_link_stops_the_series_at_the_new_address(services: Services, outreach: Outreach) -> None:
    ring = services.settings.keys.addresses
    link = ((ring.digest(OLD), ring.version),)
    wish = Wish(scope=RefusalScope.ADDRESS, reason=RefusalReason.UNSUBSCRIBE, channel="one_click", at=NOW)
    answer = refuse(services.refusal_desk(), Mailbox(link), wish)
    assert answer.stopped.enrolments == 1
    assert [one.state for one in outreach.enrolments()] == [EnrolmentState.STOPPED]
    with services.database.reading() as session:
        for address in (OLD, NEW):
            assert register.standing(session, ring.digests(address)), address
    assert services.journal.lines().__next__().keys


def test_a_no_of_somebody_we_never_wrote_to_stops_nobody_else(services: Services, outreach: Outreach) -> None:
    ring = services.settings.keys.addresses
    wish = Wish(scope=RefusalScope.ADDRESS, reason=RefusalReason.OBJECTION, channel="form", at=NOW)
    stranger = EmailAddress.parse("bob@winkel.example")
    refuse(services.refusal_desk(), Mailbox(register.keys_of(ring, stranger)), wish)
    assert [one.state for one in outreach.enrolments()] == [EnrolmentState.RUNNING]
