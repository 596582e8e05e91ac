"""First mails wait for a colleague where the sequence says so; words can be changed for one person."""

from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from sqlalchemy import update

from crm.delivery.models import MessageState as State
from crm.kernel.errors import NotFoundError
from crm.kernel.mail import Language
from crm.queries.pages.on_their_way import OwnWords, affected
from crm.sequences import versions
from crm.sequences.changes import as_new
from crm.sequences.models import Enrolment, EnrolmentState
from crm.sequences.texts import Words
from crm.sequences.versions import NewStep
from crm.services import Services
from crm.workflows.planning.write_letter import Desk
from crm.workflows.sending.claim import claim_batch
from crm.workflows.series.approve import approve, let_first_wait, turn_down
from crm.workflows.series.move_enrolments import move_enrolments
from crm.workflows.series.reword import (
    FaultyWordsError,
    LeavingError,
    Seen,
    WordsChangedError,
    reword,
    say_as_written,
    wording_of,
)
from crm.workflows.series.send_test import Trial, UnfitTextError, send_test
from crm.workflows.series.switch_variant import switch_variant
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
    seen = looked_at(outreach)
    with outreach.services.database.transaction() as session:
        reword(
            session, seen if step is None else replace(seen, step_id=step), words, by=None, at=outreach.now
        )


def looked_at(outreach: Outreach) -> Seen:
    [one] = outreach.enrolments()
    with outreach.services.database.reading() as session:
        found = wording_of(session, one.id)
    return Seen(one.id, found.step_id, found.revision)


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
    seen = looked_at(outreach)
    with outreach.services.database.transaction() as session:
        say_as_written(session, seen, by=None, at=outreach.now)
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


def in_words(outreach: Outreach, sequence: int, *new: NewStep) -> None:
    """A new version, and everybody moved to it."""
    with outreach.services.database.transaction() as session:
        versions.publish(session, sequence, new, by=None, at=outreach.now)
        move_enrolments(session, sequence, up_to=10**9, by=None, at=outreach.now)


def published(outreach: Outreach, sequence: int) -> list[NewStep]:
    with outreach.services.database.reading() as session:
        return as_new(versions.newest(session, sequence))


@pytest.mark.parametrize("wait", [True, False])
def test_a_mail_that_waited_long_for_a_colleague_is_not_late(
    outreach: Outreach, clock: FakeClock, *, wait: bool
) -> None:
    sequence = begin(outreach, clock)
    clock.advance(timedelta(days=7))
    if wait:
        say(outreach, Words("Iets anders", "Dag Anna,\n\nGewoon een vraag."))
    else:
        first_mails(outreach, sequence, wait=False)
    outreach.plan()
    assert [one.state for one in outreach.enrolments()] == [EnrolmentState.RUNNING]
    assert outreach.states() == [State.HELD if wait else State.DUE]


def test_other_words_than_those_approved_wait_again(outreach: Outreach, clock: FakeClock) -> None:
    sequence = begin(outreach, clock)
    let_go(outreach, *ids(outreach))
    outreach.plan()
    first, second = published(outreach, sequence)
    in_words(outreach, sequence, mail(0, "Beter", "Heel andere woorden", lineage=first.lineage), second)
    outreach.plan()
    assert outreach.states() == [State.HELD]
    let_go(outreach, *ids(outreach))
    outreach.plan()
    assert outreach.dispatch().sent == 1


def test_a_version_that_leaves_the_first_mail_as_it_was_leaves_its_approval(
    outreach: Outreach, clock: FakeClock
) -> None:
    sequence = begin(outreach, clock)
    let_go(outreach, *ids(outreach))
    outreach.plan()
    first, second = published(outreach, sequence)
    in_words(outreach, sequence, first, mail(3, "", "Nog een keer", lineage=second.lineage))
    outreach.plan()
    assert outreach.states() == [State.DUE]


def test_an_approved_mail_whose_text_is_switched_off_waits_again(
    outreach: Outreach, clock: FakeClock
) -> None:
    sequence = outreach.sequence(mail(others=(Words("B", "Dag, tekst B"),)))
    first_mails(outreach, sequence, wait=True)
    outreach.enrol(outreach.people(8), sequence)
    clock.now = NOW.replace(hour=12)
    due(outreach)
    outreach.plan()
    let_go(outreach, *ids(outreach))
    outreach.plan()
    assert outreach.states() == [State.DUE] * 8
    chosen = outreach.messages()[0].variant_id or 0
    had = [one.enrolment_id for one in outreach.messages() if one.variant_id == chosen]
    with outreach.services.database.transaction() as session:
        switch_variant(session, sequence, chosen, on=False, by=None, at=outreach.now)
    outreach.plan()
    assert {one.enrolment_id for one in outreach.messages() if one.state == State.HELD} == set(had)


def test_what_is_approved_is_the_text_that_leaves_though_another_is_switched_on(
    outreach: Outreach, clock: FakeClock
) -> None:
    sequence = outreach.sequence(mail(others=(Words("B", "Dag, tekst B"),)))
    first_mails(outreach, sequence, wait=True)
    outreach.enrol(outreach.people(8), sequence)
    clock.now = NOW.replace(hour=12)
    due(outreach)
    outreach.plan()
    off = outreach.messages()[0].variant_id or 0
    with outreach.services.database.transaction() as session:
        switch_variant(session, sequence, off, on=False, by=None, at=outreach.now)
    outreach.plan()
    shown = ids(outreach)
    with outreach.services.database.transaction() as session:
        switch_variant(session, sequence, off, on=True, by=None, at=outreach.now)
    assert let_go(outreach, *shown) == 0
    outreach.plan()
    read = {one.enrolment_id: one.subject_line for one in outreach.messages()}
    assert let_go(outreach, *ids(outreach)) == 8
    outreach.plan()
    assert {one.enrolment_id: one.subject_line for one in outreach.messages()} == read
    assert outreach.states() == [State.DUE] * 8


def test_who_may_change_an_approved_mail_approves_the_change(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock)
    let_go(outreach, *ids(outreach))
    outreach.plan()
    say(outreach, Words("Iets anders", "Dag Anna,\n\nGewoon een vraag."))
    outreach.plan()
    assert outreach.states() == [State.DUE]


def test_who_changes_a_mail_that_waits_again_approves_nothing(outreach: Outreach, clock: FakeClock) -> None:
    sequence = begin(outreach, clock)
    let_go(outreach, *ids(outreach))
    first, second = published(outreach, sequence)
    in_words(outreach, sequence, mail(0, "Beter", "Heel andere woorden", lineage=first.lineage), second)
    outreach.plan()
    assert outreach.states() == [State.HELD]
    say(outreach, Words("Iets anders", "Dag Anna,\n\nGewoon een vraag."))
    outreach.plan()
    assert outreach.states() == [State.HELD]


def test_the_second_of_two_who_change_one_mail_is_told_and_the_firsts_words_stay(
    outreach: Outreach, clock: FakeClock
) -> None:
    begin(outreach, clock)
    seen = looked_at(outreach)
    say(outreach, Words("Van de eerste", "Dag Anna,\n\nDe eerste."))
    late = Words("Van de tweede", "Dag Anna,\n\nDe tweede.")
    with pytest.raises(WordsChangedError), outreach.services.database.transaction() as session:
        reword(session, seen, late, by=None, at=outreach.now)
    with pytest.raises(WordsChangedError), outreach.services.database.transaction() as session:
        say_as_written(session, seen, by=None, at=outreach.now)
    outreach.plan()
    assert [one.subject_line for one in outreach.messages()] == ["Van de eerste"]


def test_words_for_one_person_follow_their_step_to_another_version(
    outreach: Outreach, clock: FakeClock
) -> None:
    sequence = begin(outreach, clock, wait=False)
    say(outreach, Words("Voor u alleen", "Dag Anna,\n\nVoor u alleen."))
    first, second = published(outreach, sequence)
    moved = mail(0, "Beter", "Heel andere woorden", lineage=first.lineage)
    with outreach.services.database.transaction() as session:
        newest = versions.publish(session, sequence, (moved, second), by=None, at=outreach.now)
        plan = versions.read(session, [newest])[newest]
        [one] = affected(session, sequence, plan, not_in=newest)
        assert one.own_words is OwnWords.KEPT
        move_enrolments(session, sequence, up_to=10**9, by=None, at=outreach.now)
    outreach.plan()
    assert [one.subject_line for one in outreach.messages()] == ["Voor u alleen"]


def test_words_for_a_step_that_is_gone_are_told_to_be_lost(outreach: Outreach, clock: FakeClock) -> None:
    sequence = begin(outreach, clock, wait=False)
    say(outreach, Words("Voor u alleen", "Dag Anna,\n\nVoor u alleen."))
    with outreach.services.database.transaction() as session:
        newest = versions.publish(session, sequence, [mail()], by=None, at=outreach.now)
        [one] = affected(session, sequence, versions.read(session, [newest])[newest], not_in=newest)
    assert one.own_words is OwnWords.LOST


def test_a_mail_in_words_of_its_own_counts_for_no_text(outreach: Outreach, clock: FakeClock) -> None:
    outreach.enrol(outreach.person(), outreach.sequence(mail(others=(Words("B", "Dag, tekst B"),))))
    clock.now = NOW.replace(hour=12)
    due(outreach)
    outreach.plan()
    assert outreach.messages()[0].variant_id
    say(outreach, Words("Voor u alleen", "Dag Anna,\n\nVoor u alleen."))
    outreach.plan()
    assert outreach.messages()[0].variant_id is None


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
