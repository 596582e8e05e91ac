"""The demo's world lives on its own, and the judge of the long run finds nothing; given lies, it does."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from crm.audit import chain
from crm.kernel.db import Database
from crm.queries.sending.leaving import Reach, Scope
from crm.sequences.models import Enrolment
from crm.services import Services
from crm.staff.models import Role, Staff
from crm.workflows.holding import pause as pauses
from crm.workflows.holding.pause import Wish
from scripts.demo import soak
from scripts.demo.soak_colleagues import Office
from scripts.demo.soak_judge import HandedOver, Heard, judge
from tests.conftest import NOW, FakeClock
from tests.deep import size
from tests.outreach import Outreach

pytestmark = pytest.mark.timeout(size(600, 24 * 3600))

NOON = datetime(2026, 3, 3, 11, 0, tzinfo=UTC)


# What a killed part held open is told about whenever memory is swept.
@pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <_io.FileIO:pytest.PytestUnraisableExceptionWarning"
)
def test_two_days_with_kills_end_with_a_clean_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weeks = size(0, 10) or 0.25
    clean = soak.main(["--weeks", str(weeks), "--faults", "--var", str(tmp_path / "var")]) == 0
    report = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if " " in line)
    assert int(report["hand-overs"]) > 10
    assert clean, report


def mail(name: str, at: datetime = NOON, *, recipient: str = "info@winkel.example") -> HandedOver:
    return HandedOver(name, recipient, at, "outreach", (1, 1), "NL", "Europe/Amsterdam")


def test_a_second_copy_is_seen(database: Database) -> None:
    assert judge(database, [mail("a"), mail("a")], [], {}, NOON).duplicates == ["a"]


def test_two_messages_for_one_step_are_seen(database: Database) -> None:
    assert judge(database, [mail("a"), mail("b")], [], {}, NOON).duplicates == ["step (1, 1)"]


def test_a_copy_that_a_colleague_asked_for_is_none(database: Database) -> None:
    assert judge(database, [mail("a"), mail("a")], [], {"a": 1}, NOON).duplicates == []


def test_mail_after_a_final_answer_is_seen(database: Database) -> None:
    found = judge(database, [mail("a"), mail("b")], [Heard("info@winkel.example", 1)], {}, NOON)
    assert len(found.after_a_final_answer) == 1


@pytest.mark.parametrize(
    "at",
    [NOON.replace(hour=3), NOON.replace(hour=17), NOON + timedelta(days=4), NOON.replace(month=4, day=27)],
)
def test_mail_at_night_at_the_weekend_or_on_a_holiday_is_seen(database: Database, at: datetime) -> None:
    assert len(judge(database, [mail("a", at)], [], {}, NOON).outside_the_window) == 1


def test_an_enrolment_that_waits_for_nothing_is_seen(services: Services) -> None:
    outreach = Outreach(services)
    outreach.enrol(outreach.person(), outreach.sequence())
    assert judge(services.database, [], [], {}, NOW).lost == []
    with services.database.transaction() as session:
        session.execute(update(Enrolment).values(next_due_at=None))
    assert judge(services.database, [], [], {}, NOW).lost == ["enrolment 1 waits for nothing"]


def test_what_a_guardrail_holds_goes_on_when_a_colleague_has_looked_and_is_lost_otherwise(
    services: Services, clock: FakeClock
) -> None:
    outreach = Outreach(services)
    sequence = outreach.sequence()
    outreach.enrol(outreach.person(), sequence)
    [enrolment] = outreach.enrolments()
    assert enrolment.next_due_at
    clock.now = enrolment.next_due_at
    outreach.plan()
    [message] = outreach.messages()
    noor = Staff(name="Noor", email="n@o.example", password_hash="x", role=Role.SALES, created_at=NOW)
    with services.database.transaction() as session:
        session.add(noor)
        pauses.write(session, Scope(Reach.SEQUENCE, sequence), Wish(chain.PROGRAM, NOW))
    clock.advance(timedelta(hours=9))
    outreach.dispatch()
    lost = judge(services.database, [], [], {}, clock.now).lost
    assert lost == [f"message {message.public_id} is due"]
    Office(services, random.Random(1)).let_go_on(clock.now)  # noqa: S311 - to be repeated, not to be secret
    outreach.dispatch()
    assert judge(services.database, [], [], {}, clock.now).lost == []
