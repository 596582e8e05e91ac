"""SendGrid's events, read: whatever JSON comes, an event comes out of each, none of it unbounded."""

import json
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from crm.adapters.sendgrid_events import read_events
from crm.delivery.event_ports import Drop, Report
from tests.conftest import NOW
from tests.servers.events import event

NAMES = [
    "event", "email", "timestamp", "type", "status", "reason", "response", "sg_event_id", "smtp-id",
    "crm_message_id", "bounce_classification", "useragent", "sg_machine_open", "category", "url", "attempt",
]  # fmt: skip
plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
anything = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
words = st.sampled_from(
    ["bounce", "dropped", "open", "spamreport", "delivered", "found", "applied", "blocked"]
)
events = st.dictionaries(st.sampled_from(NAMES), anything | words, max_size=8)


@settings(max_examples=500)
@given(st.lists(events | anything, max_size=5))
def test_whatever_is_posted_each_event_is_read(posted: list[Any]) -> None:
    read = read_events(json.dumps(posted).encode(), now=NOW)
    assert len(read) == len(posted)
    for one in read:
        assert re.fullmatch(r"[a-z0-9_]{1,32}", one.word)
        assert re.fullmatch(r"([a-z2-7]{26})?", one.reference)
        assert re.fullmatch(r"[0-9a-f]{64}", one.says)
        assert len(one.words) <= 500
        assert one.happened_at.tzinfo is not None
        assert (one.drop is not None) is (one.report is Report.DROPPED)
        assert one.report is not Report.FOUND


def read_one(**said: Any) -> Any:
    return read_events(json.dumps([said]).encode(), now=NOW)[0]


def test_our_argument_comes_before_the_message_id() -> None:
    one = read_one(event="delivered", crm_message_id="a" * 26, **{"smtp-id": f"<{'b' * 26}@x.example>"})
    assert one.reference == "a" * 26


def test_a_message_id_that_is_not_ours_names_no_message_of_ours() -> None:
    assert read_one(event="bounce", **{"smtp-id": "<14c5d75ce93@ismtpd-1.sendgrid.net>"}).reference == ""


def test_milliseconds_are_milliseconds() -> None:
    assert read_one(event="open", timestamp=NOW.timestamp() * 1000).happened_at == NOW


def test_told_again_an_event_says_the_same() -> None:
    first = event("bounce", "a" * 26, at=NOW, type="bounce", reason="550 no")
    again = {**first, "sg_event_id": "another", "category": ["outreach"], "ip": "192.0.2.1"}
    others = [{**first, "reason": "550 yes"}, {**first, "status": "4.2.2"}, {**first, "timestamp": 1}]
    read = read_events(json.dumps([first, again, *others]).encode(), now=NOW)
    assert read[0].says == read[1].says
    assert len({one.says for one in read}) == 4


def test_a_reason_nobody_knows_is_one_as_well() -> None:
    assert read_one(event="dropped", reason="Moonshine").drop is Drop.OTHER
