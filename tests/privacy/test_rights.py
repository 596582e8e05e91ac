"""The clock of a request (P36)."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.privacy import rights

OURS = ZoneInfo("Europe/Amsterdam")


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2027-01-30", "2027-02-28"),
        ("2027-07-31", "2027-08-30"),
        ("2027-02-10", "2027-03-10"),
        ("2028-01-31", "2028-02-29"),
        ("2026-03-15", "2026-04-14"),
    ],
)
def test_thirty_days_or_a_month_whichever_ends_first(received: str, due: str) -> None:
    came = datetime.fromisoformat(received).replace(hour=12, tzinfo=OURS)
    assert rights.due_at(came).astimezone(OURS).date().isoformat() == due


@given(st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_it_is_never_more_than_thirty_days(came: datetime) -> None:
    due = rights.due_at(came)
    assert 28 <= (due.astimezone(OURS).date() - came.astimezone(OURS).date()).days <= 30
    assert due.astimezone(OURS).time() == came.astimezone(OURS).time() or due.tzinfo is UTC
