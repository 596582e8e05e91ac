"""What changes while a planner has read and not yet written: the letter it read for is not sent."""

from collections.abc import Callable

import pytest

from crm.delivery.models import MessageState as State
from crm.kernel.addresses import EmailAddress
from crm.kernel.faults import watched
from crm.kernel.mail import TrackingMode
from crm.privacy import register
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Wish
from crm.sequences.texts import Words
from crm.services import Services
from crm.workflows.planning.unplan import unplan
from crm.workflows.refusals.refuse import Mailbox, refuse
from crm.workflows.series.approve import let_first_wait
from crm.workflows.series.reword import Seen, reword, wording_of
from crm.workflows.series.switch_variant import switch_variant
from tests.conftest import NOW, FakeClock
from tests.outreach import Outreach, mail

pytestmark = pytest.mark.both_databases

ANNA = "anna@winkel.example"


@pytest.fixture
def outreach(services: Services, clock: FakeClock) -> Outreach:
    """A Dutch sequence with two texts, and Anna in it, due at noon."""
    outreach = Outreach(services)
    outreach.enrol(outreach.person(ANNA), outreach.sequence(mail(others=(Words("B", "Dag, tekst B"),))))
    clock.now = NOW.replace(hour=15, minute=59)
    return outreach


def planned(outreach: Outreach, meanwhile: Callable[[], object]) -> None:
    """A tick in which something happens between the look and the writing, and the next tick."""
    did: list[str] = []

    def at(name: str) -> None:
        if name == "plan.after_read" and not did:
            did.append(name)
            meanwhile()

    with watched(at):
        outreach.plan()
    assert did
    assert outreach.messages() == []
    outreach.plan()


def test_other_words_for_one_person(outreach: Outreach) -> None:
    def change() -> None:
        [one] = outreach.enrolments()
        with outreach.services.database.transaction() as session:
            seen = wording_of(session, one.id)
            words = Words("Voor u alleen", "Dag Anna, voor u alleen.")
            reword(session, Seen(one.id, seen.step_id, seen.revision), words, by=None, at=outreach.now)

    planned(outreach, change)
    assert [one.subject_line for one in outreach.messages()] == ["Voor u alleen"]


def test_first_mails_that_are_to_wait(outreach: Outreach) -> None:
    def change() -> None:
        [one] = outreach.enrolments()
        with outreach.services.database.transaction() as session:
            let_first_wait(session, one.sequence_id, wait=True, by=None, at=outreach.now)

    planned(outreach, change)
    assert outreach.states() == [State.HELD]


def test_a_text_that_is_switched_off(outreach: Outreach) -> None:
    outreach.plan()
    off = outreach.messages()[0].variant_id or 0
    with outreach.services.database.transaction() as session:
        unplan(session, enrolment_ids=[outreach.enrolments()[0].id], at=NOW)

    def change() -> None:
        with outreach.services.database.transaction() as session:
            switch_variant(session, outreach.enrolments()[0].sequence_id, off, on=False, by=None, at=NOW)

    planned(outreach, change)
    assert [one.variant_id for one in outreach.messages()] != [off]


def test_a_no_to_measuring(outreach: Outreach) -> None:
    def change() -> None:
        desk = outreach.services.refusal_desk(patience=0)
        wish = Wish(scope=RefusalScope.MEASURING, reason=RefusalReason.OBJECTION, channel="page", at=NOW)
        refuse(desk, Mailbox(register.keys_of(desk.ring, EmailAddress.parse(ANNA))), wish)

    planned(outreach, change)
    assert [one.tracking for one in outreach.messages()] == [TrackingMode.OFF]
