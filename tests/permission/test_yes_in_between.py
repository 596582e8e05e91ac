"""A yes that holds at two moments holds in between, on the same facts: a rehearsal asks less often for it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from crm.kernel.mail import MailKind
from crm.permission.decide import decide
from crm.permission.facts import Facts
from tests.permission.cases import ALLOWED
from tests.permission.strategies import facts

NOON = datetime(2026, 3, 2, 11, tzinfo=UTC)
near = st.integers(0, 200 * 24 * 60).map(lambda minutes: NOON + timedelta(minutes=minutes))


@given(facts, st.lists(near, min_size=3, max_size=3, unique=True))
def test_a_yes_at_two_moments_is_one_in_between(told: Facts, moments: list[datetime]) -> None:
    first, middle, last = sorted(moments)
    if decide(told, first).allows and decide(told, last).allows:
        assert decide(told, middle).allows


@given(st.lists(near, min_size=3, max_size=3, unique=True), near, near, near)
def test_so_for_those_who_may_be_written_to(
    moments: list[datetime], wrote: datetime, ended: datetime, erase: datetime
) -> None:
    """Waits that end and terms that run out, on facts that are else a yes."""
    past = replace(ALLOWED.past, last_mail_at=wrote, ended_unanswered_at=ended - timedelta(days=180))
    told = replace(ALLOWED, kind=MailKind.OUTREACH, past=past, erase_at=erase)
    first, middle, last = sorted(moments)
    if decide(told, first).allows and decide(told, last).allows:
        assert decide(told, middle).allows
