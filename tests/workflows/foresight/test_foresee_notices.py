"""Many people behind a small cap: who would be told too late is known on the day they are enrolled."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from crm.delivery.models import Mailbox
from crm.prospects.models import Source
from crm.services import Services
from crm.workflows.foresight import foresee_notices as foreseeing
from crm.workflows.foresight.foresee_notices import TooLate, foresee_notices
from tests.conftest import FakeClock
from tests.outreach import Outreach, mail


@pytest.fixture
def outreach(services: Services) -> Outreach:
    return Outreach(services)


def enrolled(outreach: Outreach, people: int, *, cap: int, found: timedelta = timedelta(days=26)) -> int:
    """So many, found so long ago; four days are left to tell them. The sequence's number."""
    sequence = outreach.sequence(mail(), mailbox=outreach.mailbox(cap=cap))
    ids = outreach.people(people)
    with outreach.services.database.transaction() as session:
        session.execute(update(Source).values(obtained_on=outreach.now.date() - found))
    outreach.enrol(ids, sequence)
    return sequence


def foreseen(outreach: Outreach, sequence: int, ids: list[int]) -> TooLate | None:
    with outreach.services.database.reading() as session:
        return foresee_notices(session, sequence, ids, now=outreach.now, settings=outreach.services.settings)


@pytest.mark.both_databases
def test_as_many_are_foreseen_as_are_then_stopped(outreach: Outreach, clock: FakeClock) -> None:
    sequence = enrolled(outreach, 12, cap=2)
    ids = [one.prospect_id for one in outreach.enrolments()]
    late = foreseen(outreach, sequence, ids)
    assert late is not None
    for _ in range(8 * 8):
        outreach.plan()
        outreach.dispatch()
        clock.advance(timedelta(hours=3))
    stopped = [one for one in outreach.enrolments() if "notice_overdue" in one.stop_detail]
    assert (late.number, late.of, late.in_time) == (len(stopped), 12, 12 - len(stopped))
    assert 0 < late.number < 12
    assert (late.cap, late.cap_needed > late.cap) == (2, True)


def test_with_the_cap_it_names_nobody_is_late(outreach: Outreach) -> None:
    sequence = enrolled(outreach, 12, cap=2)
    ids = [one.prospect_id for one in outreach.enrolments()]
    late = foreseen(outreach, sequence, ids)
    assert late is not None
    with outreach.services.database.transaction() as session:
        session.execute(update(Mailbox).values(daily_cap=late.cap_needed))
    assert foreseen(outreach, sequence, ids) is None


def test_where_there_is_time_enough_nothing_is_played(
    outreach: Outreach, monkeypatch: pytest.MonkeyPatch
) -> None:
    sequence = enrolled(outreach, 4, cap=2, found=timedelta(days=1))
    monkeypatch.setattr(foreseeing, "rehearse", None)
    assert foreseen(outreach, sequence, [1, 2, 3, 4]) is None


@pytest.mark.parametrize(("needed", "boxes"), [(50, 1), (51, 2), (101, 3)])
def test_beyond_what_a_mailbox_may_send_it_takes_more_of_them(needed: int, boxes: int) -> None:
    late = TooLate(number=1, of=2, mailbox="x", cap=30, cap_needed=needed, cap_at_most=50)
    assert late.mailboxes_needed == boxes
