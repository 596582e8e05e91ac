"""What a colleague approved holds for no more after the way back and forth."""

import pytest
from sqlalchemy import text

from crm.delivery.models import MessageState
from crm.kernel import schema
from crm.sequences import approval
from crm.sequences.texts import Words
from crm.services import Services
from tests.conftest import FakeClock
from tests.outreach import Outreach
from tests.workflows.sending.test_dispatch import planned

pytestmark = [pytest.mark.both_databases, pytest.mark.changes_schema]

OURS = Words("Foto's", "Dag")


def approved(outreach: Outreach) -> list[bool]:
    """Whose approval holds for words that nobody approved, by enrolment."""
    other = Words("Heel iets anders", "Dag")
    return [
        approval.holds_for(other, approved_at=one.approved_at, approved_words=one.approved_words)
        for one in outreach.enrolments()
    ]


def test_an_approval_whose_words_are_forgotten_is_none(services: Services, clock: FakeClock) -> None:
    outreach = Outreach(services)
    planned(outreach, clock)
    [waits] = outreach.enrolments()
    with services.database.transaction() as session:
        approval.note(session, {waits.id: OURS}, by=None, at=outreach.now)
    assert approved(outreach) == [False]
    back_and_forth(services)
    assert approved(outreach) == [False]


def test_who_approved_what_left_stays_known(services: Services, clock: FakeClock) -> None:
    outreach = Outreach(services)
    planned(outreach, clock)
    [sent] = outreach.enrolments()
    with services.database.transaction() as session:
        approval.note(session, {sent.id: OURS}, by=None, at=outreach.now)
    outreach.dispatch()
    assert outreach.states() == [MessageState.SENT]
    back_and_forth(services)
    assert outreach.enrolments()[0].approved_at is not None


def test_one_of_before_words_were_noted_holds_as_it_did(services: Services, clock: FakeClock) -> None:
    outreach = Outreach(services)
    planned(outreach, clock)
    with services.database.transaction() as session:
        session.execute(text("UPDATE enrolments SET approved_at = '2026-03-02 09:00:00'"))
    back_and_forth(services)
    assert approved(outreach) == [True]


def back_and_forth(services: Services) -> None:
    schema.migrate(services.database, to="0020")
    schema.migrate(services.database)
