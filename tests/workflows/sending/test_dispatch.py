"""Sending what is due: at most once, and never after a no."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from crm.delivery import caps, claims, mailboxes
from crm.delivery.models import MessageState as State
from crm.delivery.new_message import NewMessage
from crm.delivery.outbox import queue
from crm.delivery.ports import Accepted, Envelope, NotSent, NotSentReason, Outcome, Rejected, Uncertain
from crm.kernel.ids import new_public_id
from crm.kernel.mail import MailKind
from crm.operations import switches
from crm.permission.models import Contact
from crm.prospects.models import Prospect, Status, StatusChange
from crm.sequences import enrolments, pauses
from crm.sequences.models import Enrolment, EnrolmentState, StopReason
from crm.sequences.models import Sequence as SequenceRow
from crm.services import Services
from crm.workflows.sending import dispatch as dispatch_module
from crm.workflows.sending.claim import claim_batch
from crm.workflows.sending.dispatch import Dispatched, PostRoom, dispatch, send_handful
from crm.workflows.sending.reap import reap
from tests.conftest import NOW, FakeClock
from tests.fakes import MemoryMailer
from tests.outreach import Outreach, mail

pytestmark = pytest.mark.both_databases


@pytest.fixture
def outreach(services: Services) -> Outreach:
    return Outreach(services)


class Interrupted:
    """A mailer in whose middle something happens."""

    def __init__(self, happening: Callable[[], object], answer: Outcome | None = None) -> None:
        self._happening = happening
        self._inner = MemoryMailer(answer=answer)
        self.sent = self._inner.sent

    def send(self, batch: Sequence[Envelope]) -> list[Outcome]:
        self._happening()
        return self._inner.send(batch)

    def close(self) -> None: ...


def planned(
    outreach: Outreach, clock: FakeClock, *people: int, steps: int = 1, cap: int = 1_000
) -> list[int]:
    """People whose first mail waits in the outbox."""
    who = list(people) or [outreach.person()]
    sequence = outreach.sequence(*([mail()] + [mail(3, "")] * (steps - 1)))
    outreach.enrol(who, sequence)
    clock.now = NOW.replace(hour=12)
    with outreach.services.database.transaction() as session:
        session.execute(update(Enrolment).values(next_due_at=clock.now))
    outreach.plan()
    return who


def sent(outreach: Outreach) -> list[str]:
    mailer = outreach.services.mailer
    assert isinstance(mailer, MemoryMailer)
    return [one.recipient for one in mailer.sent]


def answer(outreach: Outreach, outcome: Outcome | None) -> None:
    mailer = outreach.services.mailer
    assert isinstance(mailer, MemoryMailer)
    mailer.answer = outcome


def manual(outreach: Outreach, who: int, kind: MailKind = MailKind.MANUAL, **changes: object) -> None:
    person = outreach.prospect(who)
    values = {
        "public_id": new_public_id(), "kind": kind, "mailbox_id": outreach.mailbox(),
        "recipient": person.address, "address_digest": person.address_digest,
        "sender": "b+x@outreach.produfoto.example", "subject_line": "x",
        "wire": b"Subject: x\r\n\r\nx\r\n", "due_at": outreach.now, "prospect_id": who,
    }  # fmt: skip
    with outreach.services.database.transaction() as session:
        queue(session, NewMessage(**{**values, **changes}), now=outreach.now)  # type: ignore[arg-type] # a test's


def test_a_due_message_is_sent(outreach: Outreach, clock: FakeClock) -> None:
    [who] = planned(outreach, clock)
    assert outreach.dispatch() == Dispatched(claimed=1, sent=1)
    assert sent(outreach) == [outreach.prospect(who).address]


def test_it_is_sent_once(outreach: Outreach, clock: FakeClock) -> None:
    planned(outreach, clock)
    assert [outreach.dispatch().sent for _ in range(3)] == [1, 0, 0]


def test_a_later_one_waits(outreach: Outreach, clock: FakeClock) -> None:
    planned(outreach, clock)
    clock.advance(timedelta(seconds=-1))
    assert outreach.dispatch().claimed == 0


def test_the_bytes_that_leave_are_the_ones_that_were_frozen(outreach: Outreach, clock: FakeClock) -> None:
    planned(outreach, clock)
    outreach.dispatch()
    mailer = outreach.services.mailer
    assert isinstance(mailer, MemoryMailer)
    assert [one.wire for one in mailer.sent] == [one.wire for one in outreach.messages()]


def test_a_mail_that_left_is_on_record(outreach: Outreach, clock: FakeClock) -> None:
    [who] = planned(outreach, clock)
    outreach.dispatch()
    person = outreach.prospect(who)
    assert (person.last_mail_at, person.status) == (clock.now, Status.CONTACTED)
    with outreach.services.database.reading() as session:
        assert session.scalars(select(Contact.address_digest)).all() == [person.address_digest]
        assert session.scalars(select(StatusChange.became)).all() == [Status.CONTACTED]


def test_the_next_step_counts_from_the_moment_of_sending(outreach: Outreach, clock: FakeClock) -> None:
    planned(outreach, clock, steps=2)
    outreach.dispatch()
    [one] = outreach.enrolments()
    assert one.next_due_at
    assert (one.position, one.next_due_at.date()) == (2, (clock.now + timedelta(days=3)).date())


def test_after_the_last_step_the_sequence_is_finished(outreach: Outreach, clock: FakeClock) -> None:
    planned(outreach, clock)
    outreach.dispatch()
    assert [one.state for one in outreach.enrolments()] == [EnrolmentState.FINISHED]


def test_who_refused_after_planning_gets_nothing(outreach: Outreach, clock: FakeClock) -> None:
    planned(outreach, clock, outreach.person("ann@winkel.example"))
    outreach.refuse("Ann@Winkel.example")
    assert outreach.dispatch() == Dispatched(claimed=1, stayed=1)
    [message] = outreach.messages()
    assert (message.state, message.outcome) == (State.WITHHELD, "address_refused")
    assert sent(outreach) == []


def test_a_no_that_arrives_between_claim_and_hand_over_is_seen(outreach: Outreach, clock: FakeClock) -> None:
    planned(outreach, clock, outreach.person("ann@winkel.example"))
    services = outreach.services
    batch = claim_batch(services.database, services.settings, now=clock.now, real_now=clock.now)
    assert batch.ids
    outreach.refuse("ann@winkel.example")
    send_handful(outreach.room, batch, batch.ids)
    assert sent(outreach) == []


def test_a_withheld_message_keeps_the_gates_reasons_and_ends_the_sequence(
    outreach: Outreach, clock: FakeClock
) -> None:
    planned(outreach, clock, outreach.person("ann@winkel.example"))
    outreach.refuse("ann@winkel.example")
    outreach.dispatch()
    assert outreach.messages()[0].decision["verdict"] == "deny"
    [one] = outreach.enrolments()
    assert (one.state, one.stop_reason) == (EnrolmentState.STOPPED, StopReason.REFUSED)


def test_a_no_of_one_leaves_the_others_alone(outreach: Outreach, clock: FakeClock) -> None:
    planned(outreach, clock, outreach.person("ann@winkel.example"), outreach.person("bob@kiosk.example"))
    outreach.refuse("ann@winkel.example")
    outreach.dispatch()
    assert sent(outreach) == ["bob@kiosk.example"]


def test_restriction_after_planning_is_seen(outreach: Outreach, clock: FakeClock) -> None:
    [who] = planned(outreach, clock)
    with outreach.services.database.transaction() as session:
        session.get_one(Prospect, who).restricted_at = clock.now
    outreach.dispatch()
    assert outreach.messages()[0].outcome == "restricted"


def test_an_address_that_was_put_right_since_gets_nothing_old(outreach: Outreach, clock: FakeClock) -> None:
    [who] = planned(outreach, clock)
    with outreach.services.database.transaction() as session:
        session.get_one(Prospect, who).address = "anders@winkel.example"
    outreach.dispatch()
    assert (outreach.states(), sent(outreach)) == ([State.WITHHELD], [])


def test_a_stopped_sequence_sends_nothing_that_was_planned(outreach: Outreach, clock: FakeClock) -> None:
    [who] = planned(outreach, clock)
    with outreach.services.database.transaction() as session:
        enrolments.stop_all(session, [who], StopReason.REPLIED, at=clock.now)
    outreach.dispatch()
    assert (outreach.states(), sent(outreach)) == ([State.WITHHELD], [])


def test_a_paused_enrolment_keeps_its_message_in_the_outbox(outreach: Outreach, clock: FakeClock) -> None:
    planned(outreach, clock)
    [one] = outreach.enrolments()
    with outreach.services.database.transaction() as session:
        pauses.pause(session, [one.id], StopReason.IN_DOUBT, at=clock.now)
    assert outreach.dispatch().claimed == 0
    assert outreach.states() == [State.DUE]


@pytest.mark.parametrize("what", ["everything", "mailbox", "sequence", "disarmed"])
def test_nothing_leaves_what_is_paused(outreach: Outreach, clock: FakeClock, what: str) -> None:
    planned(outreach, clock)
    with outreach.services.database.transaction() as session:
        _pause(session, what, clock.now)
    assert outreach.dispatch().claimed == 0
    assert outreach.states() == [State.DUE]


def _pause(session: Session, what: str, now: datetime) -> None:
    if what == "everything":
        switches.turn(session, switches.PAUSED, on=True, by=None, at=now)
    elif what == "disarmed":
        switches.turn(session, switches.ARMED, on=False, by=None, at=now)
    elif what == "mailbox":
        mailboxes.pause(session, mailboxes.open_outlets(session)[0].id, reason="test", at=now)
    else:
        session.scalars(select(SequenceRow)).one().paused_at = now


def test_outside_the_recipients_hours_a_step_waits_for_the_next_opening(
    outreach: Outreach, clock: FakeClock
) -> None:
    planned(outreach, clock)
    clock.now = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)  # six in the evening there
    assert outreach.dispatch() == Dispatched(moved=1)
    [one] = outreach.enrolments()
    assert one.next_due_at
    assert datetime(2026, 3, 3, 8, 0, tzinfo=UTC) <= one.next_due_at < datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
    assert _slots_left(outreach, clock) == 1_000


def test_a_step_put_off_for_the_night_is_sent_once_in_the_morning(
    outreach: Outreach, clock: FakeClock
) -> None:
    planned(outreach, clock)
    clock.now = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
    outreach.dispatch()
    clock.now = datetime(2026, 3, 3, 9, 30, tzinfo=UTC)
    outreach.plan()
    outreach.dispatch()
    assert len(sent(outreach)) == 1


def test_the_link_they_asked_for_waits_for_no_office_hours(outreach: Outreach, clock: FakeClock) -> None:
    who = outreach.person()
    clock.now = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)  # a Sunday night
    manual(outreach, who, MailKind.SIGNUP)
    assert outreach.dispatch().sent == 1


def _slots_left(outreach: Outreach, clock: FakeClock) -> int:
    with outreach.services.database.reading() as session:
        [box] = mailboxes.open_outlets(session)
        return caps.left(session, box.id, caps.day_of(clock.now, box.time_zone), cap=box.pace.daily_cap)


def test_a_mailbox_sends_no_more_than_its_cap(outreach: Outreach, clock: FakeClock) -> None:
    who = outreach.people(5)
    planned(outreach, clock, *who)
    with outreach.services.database.transaction() as session:
        box = mailboxes.by_id(session, mailboxes.open_outlets(session)[0].id)
        assert box
        box.daily_cap = 3
    assert [outreach.dispatch().sent for _ in range(2)] == [3, 0]
    assert outreach.states().count(State.DUE) == 2


def test_a_full_cap_does_not_hold_what_somebody_waits_for(outreach: Outreach, clock: FakeClock) -> None:
    who = outreach.people(2)
    planned(outreach, clock, *who)
    with outreach.services.database.transaction() as session:
        boxes = mailboxes.open_outlets(session)
        for one in boxes:
            box = mailboxes.by_id(session, one.id)
            assert box
            box.daily_cap = 0
    manual(outreach, who[0], MailKind.SIGNUP, mailbox_id=boxes[0].id)
    assert outreach.dispatch().sent == 1


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Accepted("p"), State.SENT),
        (Rejected("550 5.1.1", "unknown user"), State.REJECTED),
        (NotSent(NotSentReason.UNREACHABLE), State.DUE),
        (Uncertain("timed_out"), State.UNCERTAIN),
    ],
)
def test_what_the_provider_says_is_kept(
    outreach: Outreach, clock: FakeClock, outcome: Outcome, state: State
) -> None:
    planned(outreach, clock)
    answer(outreach, outcome)
    outreach.dispatch()
    assert outreach.states() == [state]


def test_a_mailbox_that_does_not_exist_ends_the_sequence_and_is_not_written_to_again(
    outreach: Outreach, clock: FakeClock
) -> None:
    [who] = planned(outreach, clock)
    answer(outreach, Rejected("550 5.1.1", "unknown user"))
    outreach.dispatch()
    assert outreach.prospect(who).address_state == "bounced"
    assert outreach.enrolments()[0].stop_reason is StopReason.REJECTED


def test_a_no_to_the_content_says_nothing_about_the_mailbox(outreach: Outreach, clock: FakeClock) -> None:
    [who] = planned(outreach, clock)
    answer(outreach, Rejected("554 5.7.1", "looks like spam"))
    outreach.dispatch()
    assert outreach.prospect(who).address_state == "unproven"


def test_a_delayed_one_is_not_tried_at_once(outreach: Outreach, clock: FakeClock) -> None:
    planned(outreach, clock)
    answer(outreach, NotSent(NotSentReason.UNREACHABLE))
    outreach.dispatch()
    assert outreach.dispatch().claimed == 0
    clock.advance(timedelta(minutes=1))
    answer(outreach, None)
    assert outreach.dispatch().sent == 1


def test_a_doubtful_one_is_never_tried_again_by_itself(outreach: Outreach, clock: FakeClock) -> None:
    planned(outreach, clock)
    answer(outreach, Uncertain("timed_out"))
    outreach.dispatch()
    answer(outreach, None)
    for _ in range(3):
        clock.advance(timedelta(days=1))
        reap(outreach.services.database, outreach.services.clocks)
        outreach.plan()
        assert outreach.dispatch().claimed == 0
    assert outreach.states() == [State.UNCERTAIN]


def test_the_next_step_waits_while_one_is_in_doubt(outreach: Outreach, clock: FakeClock) -> None:
    planned(outreach, clock, steps=2)
    answer(outreach, Uncertain("timed_out"))
    outreach.dispatch()
    clock.advance(timedelta(days=5))
    assert outreach.plan().seen == 0


def test_a_login_that_fails_pauses_the_mailbox(outreach: Outreach, clock: FakeClock) -> None:
    planned(outreach, clock)
    answer(outreach, NotSent(NotSentReason.LOGIN_REFUSED, pause_mailbox=True))
    outreach.dispatch()
    with outreach.services.database.reading() as session:
        assert mailboxes.open_outlets(session) == []
    clock.advance(timedelta(minutes=2))
    assert outreach.dispatch().claimed == 0


def test_no_transaction_is_open_while_the_provider_is_asked(
    outreach: Outreach, clock: FakeClock, services: Services
) -> None:
    planned(outreach, clock)
    open_now: list[object] = []
    event.listen(services.database.engine, "begin", open_now.append)
    for ending in ("commit", "rollback"):
        event.listen(services.database.engine, ending, open_now.remove)
    seen: list[int] = []
    mailer = Interrupted(lambda: seen.append(len(open_now)))
    dispatch(PostRoom(services.database, services.settings, services.clocks, mailer))
    assert seen == [0]
    assert len(mailer.sent) == 1


def test_what_the_worker_learns_after_its_lease_is_over_still_counts(
    outreach: Outreach, clock: FakeClock, services: Services
) -> None:
    planned(outreach, clock)

    def slow() -> None:
        clock.advance(timedelta(seconds=61))
        reap(services.database, services.clocks)
        assert outreach.states() == [State.UNCERTAIN]

    dispatch(PostRoom(services.database, services.settings, services.clocks, Interrupted(slow)))
    assert outreach.states() == [State.SENT]
    assert outreach.enrolments()[0].state is EnrolmentState.FINISHED


def test_a_no_that_is_read_after_the_lease_is_over_ends_the_sequence(
    outreach: Outreach, clock: FakeClock, services: Services
) -> None:
    planned(outreach, clock)

    def slow() -> None:
        clock.advance(timedelta(seconds=61))
        reap(services.database, services.clocks)

    mailer = Interrupted(slow, answer=Rejected("550", "5.1.1 no such user"))
    dispatch(PostRoom(services.database, services.settings, services.clocks, mailer))
    assert outreach.states() == [State.REJECTED]
    assert outreach.enrolments()[0].stop_reason is StopReason.REJECTED


def test_silence_after_the_lease_is_over_overwrites_nothing(
    outreach: Outreach, clock: FakeClock, services: Services
) -> None:
    planned(outreach, clock)

    def slow() -> None:
        clock.advance(timedelta(seconds=61))
        reap(services.database, services.clocks)

    mailer = Interrupted(slow, answer=NotSent(NotSentReason.THROTTLED))
    dispatch(PostRoom(services.database, services.settings, services.clocks, mailer))
    assert outreach.states() == [State.UNCERTAIN]


def test_a_worker_with_little_time_left_lets_go(
    outreach: Outreach, clock: FakeClock, services: Services
) -> None:
    planned(outreach, clock, *outreach.people(11))
    mailer = Interrupted(lambda: clock.advance(timedelta(seconds=30)))
    done = dispatch(PostRoom(services.database, services.settings, services.clocks, mailer))
    assert (done.sent, done.stayed) == (10, 1)
    assert outreach.states().count(State.DUE) == 1


def test_at_most_ten_are_in_doubt_at_once(outreach: Outreach, clock: FakeClock, services: Services) -> None:
    planned(outreach, clock, *outreach.people(12))
    doubtful: list[int] = []
    mailer = Interrupted(lambda: doubtful.append(outreach.states().count(State.SENDING)))
    dispatch(PostRoom(services.database, services.settings, services.clocks, mailer))
    assert doubtful == [10, 2]


def test_whoever_is_asked_to_stop_finishes_what_is_in_hand_and_lets_go_of_the_rest(
    outreach: Outreach, clock: FakeClock
) -> None:
    planned(outreach, clock, *outreach.people(25))
    asked: list[int] = []

    def stopping() -> bool:
        asked.append(1)
        return len(asked) > 1

    done = dispatch(outreach.room, stopping=stopping)
    assert done.sent == 10
    assert outreach.states().count(State.DUE) == 15


def test_two_messages_to_one_person_keep_their_distance(outreach: Outreach, clock: FakeClock) -> None:
    who = outreach.person()
    clock.now = NOW.replace(hour=12)
    manual(outreach, who)
    manual(outreach, who)
    outreach.dispatch()
    assert sorted(outreach.states()) == [State.DUE, State.SENT]
    waiting = next(one for one in outreach.messages() if one.state is State.DUE)
    assert waiting.due_at >= clock.now + timedelta(days=2)


def test_an_answer_to_a_stranger_who_asked_about_their_data_goes(
    outreach: Outreach, clock: FakeClock
) -> None:
    who = outreach.person("ann@winkel.example")
    outreach.refuse("ann@winkel.example")
    manual(outreach, who, MailKind.RIGHTS, prospect_id=None)
    manual(outreach, who, MailKind.MANUAL, prospect_id=None)
    outreach.dispatch()
    assert [(one.kind, one.state) for one in outreach.messages()] == [
        (MailKind.RIGHTS, State.SENT),
        (MailKind.MANUAL, State.WITHHELD),
    ]


def test_an_address_is_sent_one_acknowledgement_a_week(outreach: Outreach, clock: FakeClock) -> None:
    who = outreach.person("ann@winkel.example")
    for number in range(2):
        manual(outreach, who, MailKind.RIGHTS, dedupe_key=f"ack:{number}")
        outreach.dispatch()
    assert outreach.states() == [State.SENT, State.DUE]
    clock.advance(timedelta(days=7))
    outreach.dispatch()
    assert outreach.states() == [State.SENT, State.SENT]


def test_two_workers_share_what_is_due(outreach: Outreach, clock: FakeClock, services: Services) -> None:
    planned(outreach, clock, *outreach.people(6))
    claimed = [
        claim_batch(services.database, services.settings, now=clock.now, real_now=clock.now, limit=3).ids
        for _ in range(3)
    ]
    assert [len(ids) for ids in claimed] == [3, 3, 0]
    assert len(set().union(*claimed)) == 6


def test_who_stood_still_since_the_mark_hands_nothing_over(
    outreach: Outreach, clock: FakeClock, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that slept for a minute: by now the lease is over, and a no may have been answered for."""
    planned(outreach, clock)

    def stand_still(name: str) -> None:
        if name == "transport.before":
            clock.advance(claims.LEASE - claims.HAND_OVER + timedelta(seconds=1))

    monkeypatch.setattr(dispatch_module, "point", stand_still)
    outreach.dispatch()
    assert sent(outreach) == []
    assert outreach.states() == [State.DUE]
    monkeypatch.undo()
    clock.advance(timedelta(hours=1))
    outreach.dispatch()
    assert len(sent(outreach)) == 1


def test_an_objector_finds_the_message_that_is_leaving(
    outreach: Outreach, clock: FakeClock, services: Services
) -> None:
    [who] = planned(outreach, clock, outreach.person("ann@winkel.example"))
    digest = outreach.prospect(who).address_digest
    live: list[int] = []

    def look() -> None:
        with services.database.reading() as session:
            live.append(len(claims.live_for(session, [digest], real_now=clock.now)))

    dispatch(PostRoom(services.database, services.settings, services.clocks, Interrupted(look)))
    look()
    assert live == [1, 0]
