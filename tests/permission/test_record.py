"""A decision, stored with its message and read again."""

import json
from datetime import UTC, datetime

from hypothesis import given

from crm.permission.decide import decide
from crm.permission.facts import Facts
from crm.permission.findings import Verdict
from crm.permission.record import from_record, to_record
from tests.permission import strategies
from tests.permission.cases import ALLOWED, NOW, past


@given(strategies.likely)
def test_what_is_stored_reads_back_the_same(facts: Facts) -> None:
    decision = decide(facts, NOW)
    assert from_record(json.loads(json.dumps(to_record(decision)))) == decision


def test_a_wait_keeps_its_time() -> None:
    decision = decide(past(last_mail_at=NOW), NOW)
    again = from_record(json.loads(json.dumps(to_record(decision))))
    assert (again.verdict, again.retry_at) == (Verdict.WAIT, datetime(2026, 3, 8, 23, 0, tzinfo=UTC))


def test_the_proof_is_in_the_record() -> None:
    written = to_record(decide(ALLOWED, NOW))["reasons"]
    assert {
        "reason": "address_published",
        "weight": "ok",
        "proof_id": 11,
        "at": "2026-02-22T09:00:00+00:00",
    } in (written)
