"""Too much that comes back, or is called spam, stops a sequence until a person has looked."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, select, update

from crm.audit import chain
from crm.audit.models import AuditEntry
from crm.delivery.guardrails import Fault, Limits, Record, judge
from crm.delivery.models import Message, MessageState
from crm.kernel.ids import new_public_id
from crm.kernel.mail import MailKind, TrackingMode
from crm.operations import rules
from crm.operations.models import Alarm
from crm.queries.sending.guardrails import record_of, records_of, troubled
from crm.queries.sending.leaving import Reach, Scope
from crm.sequences import versions
from crm.sequences.models import Sequence as SequenceRow
from crm.sequences.models import SequenceVersion, Step
from crm.services import Services
from crm.workflows.holding import pause as pauses
from crm.workflows.holding.guard import Watch, guard
from crm.workflows.holding.pause import Wish
from tests.conftest import FakeClock
from tests.outreach import Outreach, mail

pytestmark = pytest.mark.both_databases
HOUR = timedelta(hours=1)
LIMITS = Limits(bounce_rate=0.02, complaint_rate=0.001, over_mails=50)


@pytest.fixture
def outreach(services: Services) -> Outreach:
    return Outreach(services)


def history(
    outreach: Outreach, sequence: int, *, sent: int, age: timedelta = timedelta(hours=1)
) -> list[int]:
    """Mails of the sequence's first step that left; their numbers."""
    services, box = outreach.services, outreach.mailbox()
    with services.database.transaction() as session:
        step = session.scalars(
            select(Step.id)
            .join(SequenceVersion, SequenceVersion.id == Step.version_id)
            .where(SequenceVersion.sequence_id == sequence, Step.position == 1)
            .order_by(Step.id.desc())
        ).first()
        at = outreach.now - age
        rows = [
            Message(
                public_id=new_public_id(), kind=MailKind.OUTREACH, step_id=step, mailbox_id=box,
                address_digest="0" * 32, recipient="x@winkel.example", sender="b@x.example", subject_line="x",
                tracking=TrackingMode.OFF, decision={}, state=MessageState.DELIVERED, due_at=at, attempt=1,
                outcome="", planned_at=at, sent_at=at, changed_at=at,
            )
            for _ in range(sent)
        ]  # fmt: skip
        session.add_all(rows)
        session.flush()
        return [row.id for row in rows]


def fault(outreach: Outreach, ids: list[int], state: MessageState, *, outcome: str = "") -> None:
    values: dict[str, object] = {"state": state, "changed_at": outreach.now, "outcome": outcome}
    if state is MessageState.REJECTED:
        values["sent_at"] = None
    with outreach.services.database.transaction() as session:
        session.execute(update(Message).where(Message.id.in_(ids)).values(**values))


def look(outreach: Outreach, watch: Watch | None = None) -> list[Scope]:
    services = outreach.services
    return guard(services.database, services.settings, watch or Watch(), now=outreach.now)


def paused(outreach: Outreach, sequence: int) -> bool:
    with outreach.services.database.reading() as session:
        return session.get_one(SequenceRow, sequence).paused_at is not None


def alarms(outreach: Outreach) -> list[Alarm]:
    with outreach.services.database.reading() as session:
        return list(session.scalars(select(Alarm).order_by(Alarm.id)))


@pytest.mark.parametrize(
    ("sent", "bounced", "complained", "what"),
    [
        (50, 1, 0, Fault.BOUNCES),
        (51, 1, 0, None),
        (49, 49, 49, None),
        (100, 2, 0, Fault.BOUNCES),
        (101, 2, 0, None),
        (1_000, 0, 1, Fault.COMPLAINTS),
        (1_001, 0, 1, None),
        (50, 0, 0, None),
        (50, 5, 1, Fault.COMPLAINTS),
    ],
)
def test_the_share_that_stops_a_sequence(
    sent: int, bounced: int, complained: int, what: Fault | None
) -> None:
    assert judge(Record(sent=sent, bounced=bounced, complained=complained), LIMITS) is what


@pytest.mark.parametrize(
    ("state", "outcome", "kind"),
    [
        (MessageState.BOUNCED, "", "bounces"),
        (MessageState.REJECTED, "550 5.1.1 no such user", "bounces"),
        (MessageState.COMPLAINED, "", "complaints"),
    ],
)
def test_too_much_that_goes_wrong_stops_the_sequence_and_says_why(
    outreach: Outreach, state: MessageState, outcome: str, kind: str
) -> None:
    sequence, other = outreach.sequence(mail()), outreach.sequence(mail())
    ids = history(outreach, sequence, sent=60)
    history(outreach, other, sent=60)
    fault(outreach, ids[:2], state, outcome=outcome)
    assert look(outreach) == [Scope(Reach.SEQUENCE, sequence)]
    assert (paused(outreach, sequence), paused(outreach, other)) == (True, False)
    [alarm] = alarms(outreach)
    assert (alarm.kind, alarm.detail) == (kind, {"step": 1, "sent": 60, "count": 2})
    with outreach.services.database.reading() as session:
        actions = list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
    assert actions == ["sequence.paused", "alarm.raised"]


def test_a_refusal_that_is_about_us_is_no_bounce(outreach: Outreach) -> None:
    sequence = outreach.sequence(mail())
    fault(
        outreach, history(outreach, sequence, sent=60)[:9], MessageState.REJECTED, outcome="554 5.7.1 policy"
    )
    look(outreach)
    assert [one.kind for one in alarms(outreach)] == ["blocks"]


def test_one_alarm_is_raised_however_many_look(outreach: Outreach) -> None:
    sequence = outreach.sequence(mail())
    fault(outreach, history(outreach, sequence, sent=60)[:2], MessageState.BOUNCED)
    assert [len(look(outreach)) for _ in range(3)] == [1, 0, 0]
    assert len(alarms(outreach)) == 1


def test_what_is_older_than_a_week_does_not_count(outreach: Outreach) -> None:
    sequence = outreach.sequence(mail())
    old = history(outreach, sequence, sent=60, age=timedelta(days=8))
    history(outreach, sequence, sent=49)
    fault(outreach, old[:10], MessageState.BOUNCED)  # of mails that left before
    assert look(outreach) == []


def test_after_a_person_let_it_go_on_counting_starts_anew(outreach: Outreach, clock: FakeClock) -> None:
    sequence = outreach.sequence(mail())
    ids = history(outreach, sequence, sent=60)
    fault(outreach, ids[:2], MessageState.BOUNCED)
    watch = Watch()
    look(outreach, watch)
    clock.now += timedelta(hours=2)
    with outreach.services.database.transaction() as session:
        wish = Wish(chain.OWNER, clock.now)
        assert pauses.resume(session, Scope(Reach.SEQUENCE, sequence), wish)
    assert alarms(outreach)[0].resolved_at == clock.now
    clock.now += timedelta(hours=2)
    fault(outreach, ids[2:9], MessageState.BOUNCED)  # of mails that left before
    assert look(outreach, watch) == []
    fault(outreach, history(outreach, sequence, sent=50)[:1], MessageState.BOUNCED)
    assert look(outreach, watch) == [Scope(Reach.SEQUENCE, sequence)]


def test_a_look_costs_what_changed_and_not_what_is_there(outreach: Outreach, clock: FakeClock) -> None:
    watch, statements = Watch(), []
    for _ in range(5):
        fault(outreach, history(outreach, outreach.sequence(mail()), sent=60)[:1], MessageState.BOUNCED)
    for _ in range(2):  # what was changed at the very moment of a look is looked at once more
        look(outreach, watch)
        clock.now += timedelta(hours=1)

    def note(*said: object) -> None:
        statements.append(str(said[2]))

    event.listen(outreach.services.database.engine, "before_cursor_execute", note)
    look(outreach, watch)
    assert not [one for one in statements if "count(*)" in one]
    statements.clear()
    fault(outreach, history(outreach, outreach.sequence(mail()), sent=60)[:1], MessageState.BOUNCED)
    statements.clear()
    look(outreach, watch)
    assert len([one for one in statements if "count(*)" in one]) == 2


def test_a_limit_of_the_owners_is_the_one_that_holds(outreach: Outreach) -> None:
    sequence = outreach.sequence(mail())
    fault(outreach, history(outreach, sequence, sent=60)[:2], MessageState.BOUNCED)
    with outreach.services.database.transaction() as session:
        rules.change(session, "bounce_rate", 50, was=20, by=None, at=outreach.now)
    assert look(outreach) == []


def test_publishing_a_step_anew_clears_nobodys_record(outreach: Outreach) -> None:
    sequence = outreach.sequence(mail())
    ids = history(outreach, sequence, sent=30)
    with outreach.services.database.transaction() as session:
        lineage = session.scalars(select(Step.lineage)).one()
        anew = replace(mail(subject="Anders"), lineage=lineage)
        versions.publish(session, sequence, [anew], by=None, at=outreach.now)
    ids += history(outreach, sequence, sent=30)
    fault(outreach, [ids[0], ids[-1]], MessageState.BOUNCED)
    assert look(outreach) == [Scope(Reach.SEQUENCE, sequence)]


def test_a_sequences_page_counts_as_the_guard_does(outreach: Outreach) -> None:
    sequence, other = outreach.sequence(mail(), mail(3, "")), outreach.sequence(mail())
    history(outreach, sequence, sent=5, age=timedelta(days=8))
    fault(outreach, history(outreach, other, sent=2), MessageState.BOUNCED)
    ids = history(outreach, sequence, sent=20)
    fault(outreach, ids[:3], MessageState.BOUNCED)
    fault(outreach, ids[3:4], MessageState.COMPLAINED)
    fault(outreach, ids[4:6], MessageState.REJECTED, outcome="550 5.1.1 no such user")
    fault(outreach, ids[6:7], MessageState.REJECTED, outcome="554 5.7.1 refused")
    since = outreach.now - timedelta(days=7)
    with outreach.services.database.reading() as session:
        [step] = [one for one in troubled(session, since=since) if one.sequence_id == sequence]
        judged = record_of(session, step, since=since)
        assert records_of(session, sequence, since=since) == {1: judged}
    assert judged == Record(sent=20, bounced=5, complained=1, blocked=1)
