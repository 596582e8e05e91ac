"""First mails wait for a colleague where the sequence says so; words can be changed for one person."""

from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from sqlalchemy import update

from crm.delivery.models import MessageState as State
from crm.kernel.errors import NotFoundError
from crm.kernel.mail import Language
from crm.sequences.models import Enrolment, EnrolmentState
from crm.sequences.texts import Words
from crm.services import Services
from crm.workflows.sending.claim import claim_batch
from crm.workflows.sending.write_letter import Desk
from crm.workflows.series.approve import approve, let_first_wait, turn_down
from crm.workflows.series.reword import FaultyWordsError, LeavingError, reword, say_as_written, wording_of
from crm.workflows.series.send_test import Trial, UnfitTextError, send_test
from tests.conftest import NOW, FakeClock
from tests.fakes import MemoryMailer
from tests.outreach import Outreach, mail

pytestmark = pytest.mark.both_databases


@pytest.fixture
def outreach(services: Services) -> Outreach:
    return Outreach(services)


def begin(outreach: Outreach, clock: FakeClock, people: int = 1, *, wait: bool = True) -> int:
    """People whose first of two mails is due, in a sequence whose first mails wait; its id."""
    sequence = outreach.sequence(mail(), mail(3, ""))
    first_mails(outreach, sequence, wait=wait)
    outreach.enrol(outreach.people(people), sequence)
    clock.now = NOW.replace(hour=12)
    due(outreach)
    outreach.plan()
    return sequence


def due(outreach: Outreach) -> None:
    with outreach.services.database.transaction() as session:
        session.execute(update(Enrolment).values(next_due_at=outreach.now))


def first_mails(outreach: Outreach, sequence: int, *, wait: bool) -> bool:
    with outreach.services.database.transaction() as session:
        return let_first_wait(session, sequence, wait=wait, by=None, at=outreach.now)


def let_go(outreach: Outreach, *public_ids: str) -> int:
    with outreach.services.database.transaction() as session:
        return approve(session, public_ids, by=None, at=outreach.now)


def say(outreach: Outreach, words: Words, *, step: int | None = None) -> None:
    [one] = outreach.enrolments()
    with outreach.services.database.transaction() as session:
        step_id = wording_of(session, one.id).step_id if step is None else step
        reword(session, one.id, words, step_id=step_id, by=None, at=outreach.now)


def ids(outreach: Outreach) -> list[str]:
    return [one.public_id for one in outreach.messages()]


def sent(outreach: Outreach) -> list[EmailMessage]:
    mailer = outreach.services.mailer
    assert isinstance(mailer, MemoryMailer)
    return [message_from_bytes(one.wire, policy=default) for one in mailer.sent]


def text_of(one: EmailMessage) -> str:
    part = one.get_body(("plain",))
    assert part
    return str(part.get_content())


def test_a_first_mail_that_waits_does_not_leave(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock)
    clock.advance(timedelta(days=1))
    outreach.plan()
    outreach.dispatch()
    assert (outreach.states(), sent(outreach)) == ([State.HELD], [])


def test_without_the_setting_it_goes_by_itself(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock, wait=False)
    assert outreach.dispatch().sent == 1


def test_an_approved_mail_leaves(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock)
    assert let_go(outreach, *ids(outreach)) == 1
    outreach.plan()
    assert outreach.dispatch().sent == 1


def test_a_mail_approved_a_week_later_leaves_with_that_days_date(
    outreach: Outreach, clock: FakeClock
) -> None:
    begin(outreach, clock)
    clock.advance(timedelta(days=7))
    let_go(outreach, *ids(outreach))
    outreach.plan()
    outreach.dispatch()
    [one] = sent(outreach)
    assert one["date"].datetime == clock.now.replace(microsecond=0)


def test_only_the_first_mail_waits(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock)
    let_go(outreach, *ids(outreach))
    outreach.plan()
    outreach.dispatch()
    clock.advance(timedelta(days=7))
    due(outreach)
    outreach.plan()
    assert outreach.dispatch().sent == 1


def test_what_was_written_anew_since_it_was_shown_is_not_approved(
    outreach: Outreach, clock: FakeClock
) -> None:
    begin(outreach, clock)
    shown = ids(outreach)
    say(outreach, Words("Iets anders", "Dag Anna,\n\nGewoon een vraag."))
    outreach.plan()
    assert let_go(outreach, *shown) == 0
    assert outreach.states() == [State.HELD]


def test_a_no_after_approval_holds(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock)
    let_go(outreach, *ids(outreach))
    outreach.plan()
    outreach.refuse(outreach.messages()[0].recipient)
    outreach.dispatch()
    assert sent(outreach) == []


def test_turned_down_is_never_sent_and_ends_the_sequence(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock)
    with outreach.services.database.transaction() as session:
        assert turn_down(session, ids(outreach), at=outreach.now) == 1
    outreach.plan()
    outreach.dispatch()
    assert [one.state for one in outreach.enrolments()] == [EnrolmentState.STOPPED]
    assert (outreach.states(), sent(outreach)) == ([State.CANCELLED], [])


def test_mails_that_wait_take_no_slot_of_the_day(outreach: Outreach, clock: FakeClock) -> None:
    box = outreach.mailbox(cap=1)
    held = outreach.sequence(mail(), mailbox=box)
    first_mails(outreach, held, wait=True)
    outreach.enrol(outreach.people(2), held)
    outreach.enrol(outreach.person(), outreach.sequence(mail(), mailbox=box))
    clock.now = NOW.replace(hour=12)
    due(outreach)
    outreach.plan()
    assert sorted(outreach.states()) == [State.DUE, State.HELD, State.HELD]


def test_turning_it_off_lets_what_waits_go(outreach: Outreach, clock: FakeClock) -> None:
    sequence = begin(outreach, clock)
    assert first_mails(outreach, sequence, wait=False)
    outreach.plan()
    assert outreach.dispatch().sent == 1


def test_turning_it_on_holds_what_is_planned(outreach: Outreach, clock: FakeClock) -> None:
    sequence = begin(outreach, clock, wait=False)
    assert outreach.states() == [State.DUE]
    first_mails(outreach, sequence, wait=True)
    outreach.plan()
    assert outreach.states() == [State.HELD]


def test_a_mail_says_the_words_a_colleague_gave_it(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock, wait=False)
    say(outreach, Words("Een vraag over uw foto's", "Dag Anna,\n\nMag ik u iets laten zien?"))
    outreach.plan()
    outreach.dispatch()
    [one] = sent(outreach)
    assert one["subject"] == "Een vraag over uw foto's"
    assert "Mag ik u iets laten zien?" in text_of(one)
    assert "u hebt altijd het recht" in text_of(one).lower()


def test_the_words_are_shown_with_the_readers_values(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock)
    with outreach.services.database.reading() as session:
        found = wording_of(session, outreach.enrolments()[0].id)
    assert "{{" not in found.words.subject + found.words.body
    assert "Anna" in found.words.body


def test_a_change_can_be_taken_back(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock, wait=False)
    say(outreach, Words("Iets anders", "Dag Anna,\n\nGewoon een vraag."))
    [one] = outreach.enrolments()
    with outreach.services.database.transaction() as session:
        say_as_written(session, one.id, step_id=wording_of(session, one.id).step_id)
    outreach.plan()
    assert outreach.messages()[0].subject_line.startswith("Foto's voor")


def test_a_claimed_mail_never_changes(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock, wait=False)
    services, before = outreach.services, outreach.messages()[0].wire
    claim_batch(services.database, services.settings, now=clock.now, real_now=clock.now)
    with pytest.raises(LeavingError):
        say(outreach, Words("Te laat", "Te laat."))
    assert [one.wire for one in outreach.messages()] == [before]


def test_words_for_a_step_that_is_over_are_refused(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock, wait=False)
    with outreach.services.database.reading() as session:
        first = wording_of(session, outreach.enrolments()[0].id).step_id
    outreach.dispatch()
    with pytest.raises(LeavingError):
        say(outreach, Words("Te laat", "Te laat."), step=first)


@pytest.mark.parametrize("body", ["", "Dag {{ nobody }}", "Dag {first_name}"])
def test_words_that_cannot_be_sent_change_nothing(outreach: Outreach, clock: FakeClock, body: str) -> None:
    begin(outreach, clock, wait=False)
    before = ids(outreach)
    with pytest.raises(FaultyWordsError):
        say(outreach, Words("Iets", body))
    assert ids(outreach) == before


def test_nobody_in_a_sequence_has_no_next_mail(outreach: Outreach) -> None:
    with outreach.services.database.reading() as session, pytest.raises(NotFoundError):
        wording_of(session, 4711)


def trial(outreach: Outreach, *texts: Words) -> Trial:
    return Trial(texts, Language.NL, outreach.mailbox(), "sanne@produfoto.example")


def test_a_test_goes_to_oneself_and_its_links_are_dead(outreach: Outreach) -> None:
    desk = Desk(outreach.services.settings, outreach.services.links)
    words = [
        Words("Foto's voor {{ company }}", 'Dag {{ first_name | default("u") }},\n\nHallo.'),
        Words("", "En?"),
    ]
    tried = trial(outreach, *words)
    with outreach.services.database.transaction() as session:
        assert send_test(session, desk, tried, now=outreach.now) == 2
    outreach.dispatch()
    clock = outreach.services.clocks.calendar
    assert isinstance(clock, FakeClock)
    clock.advance(timedelta(seconds=5))
    outreach.dispatch()
    first, second = sent(outreach)
    assert {first["to"], second["to"]} == {"sanne@produfoto.example"}
    assert first["subject"] == "[Test] Foto's voor Voorbeeldwinkel"
    assert first["list-unsubscribe"] == f"<{outreach.services.links.test_unsubscribe_url()}>"
    assert "/o/" not in first.as_string()


def test_a_text_with_a_fault_is_not_tried(outreach: Outreach) -> None:
    desk = Desk(outreach.services.settings, outreach.services.links)
    tried = trial(outreach, Words("Foto's", "Dag {{ nobody }}"))
    with outreach.services.database.transaction() as session, pytest.raises(UnfitTextError):
        send_test(session, desk, tried, now=outreach.now)
    assert outreach.messages() == []
