"""What follows from an answer for its sender, for their colleagues, and for ours who deals with it."""

from collections.abc import Collection
from datetime import date, timedelta
from email import message_from_bytes

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from crm.conversations.models import Task
from crm.delivery.models import Message, MessageState
from crm.kernel.mail import MailKind
from crm.privacy.models import RightsRequest
from crm.prospects.models import Company
from crm.replies.models import InboundMail, InboundState
from crm.replies.verdicts import Verdict
from crm.sequences import pauses
from crm.sequences.models import Enrolment, EnrolmentState, StopReason
from crm.services import Services
from crm.staff.models import Role
from crm.workflows.desk.write_mail import Written, write_mail
from crm.workflows.desk.write_mail import take_back as take_mail_back
from crm.workflows.holding.resume import resume, those_due
from crm.workflows.inbox import answer_mail
from crm.workflows.inbox import understand_mail as understanding
from crm.workflows.inbox.handle_reply import Label, handle_reply, take_back
from tests.correspondence import Correspondence
from tests.web.staff.conftest import account

pytestmark = pytest.mark.both_databases

SALES = "sales@outreach.produfoto.example"


@pytest.fixture
def talk(services: Services) -> Correspondence:
    return Correspondence(services)


def state_of(talk: Correspondence, person: int) -> tuple[EnrolmentState, StopReason | None]:
    with talk.services.database.reading() as session:
        row = session.scalars(
            select(Enrolment).where(Enrolment.prospect_id == person).order_by(Enrolment.id.desc())
        ).first()
        assert row is not None
        return row.state, row.stop_reason


def label(talk: Correspondence, mail: InboundMail, label: Label) -> int:
    by = account(talk.services, Role.SALES, email=f"{label}{mail.id}@produfoto.example")
    with talk.services.database.transaction() as session:
        handle_reply(session, mail.id, label, by=by, at=talk.outreach.now)
    return by


def tasks(talk: Correspondence, people: Collection[int]) -> list[Task]:
    with talk.services.database.reading() as session:
        return list(session.scalars(select(Task).where(Task.prospect_id.in_(people)).order_by(Task.id)))


def colleague(talk: Correspondence, address: str = "bram@winkel.example") -> int:
    """Somebody else at Anna's company, in a sequence of their own."""
    company = talk.prospect().company_id
    person = talk.outreach.person(address, company_id=company, name="Bram Bos")
    talk.outreach.enrol([person], talk.outreach.sequence())
    assert state_of(talk, person)[0] is EnrolmentState.RUNNING
    return person


# --- who it is


def test_an_answer_outside_our_thread_stops_as_well(talk: Correspondence) -> None:
    mail = talk.writes("Kunt u mij morgen bellen?", to=SALES)
    assert (mail.matched_by, mail.kind) == ("sender", "person")
    assert state_of(talk, talk.person) == (EnrolmentState.STOPPED, StopReason.REPLIED)


def test_an_answer_from_a_known_second_address_stops(talk: Correspondence) -> None:
    talk.writes("Niet nu, probeer het na de zomer nog eens.", sender="anna@elders.example")
    assert state_of(talk, talk.person)[0] is EnrolmentState.PAUSED
    mail = talk.writes(
        "Kunt u mij morgen bellen?", to=SALES, sender="anna@elders.example", Message_ID="<2@elders.example>"
    )
    assert (mail.matched_by, mail.prospect_id) == ("sender", talk.person)
    assert state_of(talk, talk.person) == (EnrolmentState.STOPPED, StopReason.REPLIED)


def test_an_answer_from_an_address_nobody_knows_stops_nobody(talk: Correspondence) -> None:
    mail = talk.writes("Kunt u mij morgen bellen?", to=SALES, sender="anna@elders.example")
    assert mail.prospect_id is None
    assert state_of(talk, talk.person)[0] is EnrolmentState.RUNNING


# --- their colleagues


@pytest.mark.parametrize("text", ["Kunt u mij morgen bellen?", "Haal mij van de lijst."])
def test_a_colleagues_answer_pauses_the_others_and_asks_the_owner(talk: Correspondence, text: str) -> None:
    other = colleague(talk)
    talk.writes(text)
    assert state_of(talk, other) == (EnrolmentState.PAUSED, StopReason.IN_DOUBT)
    [asked] = tasks(talk, [other])
    assert "else at this company" in asked.title
    assert asked.enrolment_id is not None


def test_a_colleagues_answer_outlasts_an_absence(talk: Correspondence) -> None:
    other = colleague(talk)
    with talk.services.database.transaction() as session:
        held = [one.id for one in talk.outreach.enrolments() if one.prospect_id == other]
        until = talk.outreach.now + timedelta(days=5)
        pauses.pause(session, held, StopReason.OUT_OF_OFFICE, at=talk.outreach.now, resumes_at=until)
    talk.writes("Kunt u mij morgen bellen?")
    talk.days(20)
    assert state_of(talk, other) == (EnrolmentState.PAUSED, StopReason.IN_DOUBT)
    assert len(tasks(talk, [other])) == 1


def test_a_list_that_our_reader_writes_through_is_asked_about(talk: Correspondence) -> None:
    text = "Haal mij van de lijst. https://desk.winkel.example/7"
    assert talk.writes(text, to=SALES, List_Id="<info.winkel.example>").kind == "unclear"
    assert state_of(talk, talk.person) == (EnrolmentState.PAUSED, StopReason.IN_DOUBT)


def test_every_answer_that_holds_somebody_asks_the_owner(talk: Correspondence) -> None:
    """Asked, told to go on, and held again by a second answer the same day."""
    other = colleague(talk)
    talk.writes("Kunt u mij morgen bellen?")
    [first] = tasks(talk, [other])
    with talk.services.database.transaction() as session:
        session.execute(update(Task).values(done_at=talk.outreach.now))
        assert first.enrolment_id is not None
        assert resume(session, [first.enrolment_id], now=talk.outreach.now) == 1
    talk.writes("Of overmorgen?", Message_ID="<2@winkel.example>")
    assert [one.done_at is None for one in tasks(talk, [other])].count(True) == 1


def test_people_elsewhere_go_on(talk: Correspondence) -> None:
    stranger = talk.outreach.person("c@elders.example")
    talk.outreach.enrol([stranger], talk.outreach.sequence())
    talk.writes("Kunt u mij morgen bellen?")
    assert state_of(talk, stranger)[0] is EnrolmentState.RUNNING


def test_a_stranger_at_their_company_pauses_it(talk: Correspondence) -> None:
    talk.writes("Wie van jullie heeft ons gemaild?", to=SALES, sender="directie@winkel.example")
    assert state_of(talk, talk.person) == (EnrolmentState.PAUSED, StopReason.IN_DOUBT)


def test_a_note_of_absence_says_nothing_about_colleagues(talk: Correspondence) -> None:
    other = colleague(talk)
    talk.writes("Ik ben afwezig tot en met 13 maart.", Auto_Submitted="auto-replied")
    assert state_of(talk, other)[0] is EnrolmentState.RUNNING


def test_a_complaint_holds_the_whole_company(talk: Correspondence) -> None:
    other = colleague(talk)
    report = (
        "From: fbl@provider.example\r\nTo: "
        + talk.ours.sender
        + "\r\nSubject: complaint\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nAn abuse report.\r\n"
        "--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\n\r\n"
        "--b--\r\n"
    )
    assert talk.arrives(report.encode()).kind == "complaint"
    assert state_of(talk, talk.person)[1] is StopReason.REFUSED
    assert state_of(talk, other) == (EnrolmentState.PAUSED, StopReason.IN_DOUBT)


def test_the_second_ticket_in_a_row_is_asked_about(talk: Correspondence) -> None:
    said = "Uw bericht is ontvangen onder ticket 4711."
    talk.writes(said, Auto_Submitted="auto-generated")
    assert state_of(talk, talk.person)[0] is EnrolmentState.RUNNING
    talk.writes(said.replace("1", "2"), Auto_Submitted="auto-generated", Message_ID="<2@x.example>")
    assert state_of(talk, talk.person) == (EnrolmentState.PAUSED, StopReason.IN_DOUBT)
    assert "help desk" in tasks(talk, [talk.person])[0].title


# --- when it goes on


def test_a_second_note_of_absence_moves_the_day(talk: Correspondence) -> None:
    talk.writes("Ik ben afwezig tot en met 13 maart 2026.", Auto_Submitted="auto-replied")
    first = talk.enrolment().resumes_at
    talk.writes(
        "Ik ben afwezig tot en met 27 maart 2026.", Auto_Submitted="auto-replied", Message_ID="<2@x.example>"
    )
    second = talk.enrolment().resumes_at
    assert first is not None
    assert second is not None
    assert second - first == timedelta(days=14)


def test_a_note_of_absence_outside_our_thread_pauses_as_well(talk: Correspondence) -> None:
    talk.writes("Ik ben afwezig tot en met 13 maart 2026.", to=SALES, Auto_Submitted="auto-replied")
    assert state_of(talk, talk.person) == (EnrolmentState.PAUSED, StopReason.OUT_OF_OFFICE)


def test_an_absence_that_never_ends_is_over_after_sixty_days(talk: Correspondence) -> None:
    talk.writes("Ik ben afwezig tot en met 30 september 2026.", Auto_Submitted="auto-replied")
    found = talk.enrolment()
    assert found.resumes_at is not None
    assert found.resumes_at - talk.outreach.now == timedelta(days=60)


def test_the_day_after_their_return_is_one_on_which_they_work(talk: Correspondence) -> None:
    """The Thursday before Easter is a holiday in Denmark, and none in the Netherlands."""
    found = []
    for country in ("NL", "DK"):
        with talk.services.database.transaction() as session:
            session.execute(update(Company).values(country=country))
        talk.writes(
            "Ik ben weer terug op 1 april 2026.",
            Auto_Submitted="auto-replied",
            Message_ID=f"<{country}@x.example>",
        )
        resumes_at = talk.enrolment().resumes_at
        assert resumes_at is not None
        found.append(resumes_at.date())
    assert found == [date(2026, 4, 2), date(2026, 4, 7)]


def test_an_absence_without_a_day_is_over_after_fourteen(talk: Correspondence) -> None:
    talk.writes("Ik ben afwezig.", Auto_Submitted="auto-replied")
    assert talk.enrolment().resumes_at == talk.outreach.now + timedelta(days=14)


def test_not_now_waits_and_is_put_off_to_the_day_with_one_act(talk: Correspondence) -> None:
    mail = talk.writes("Niet nu, probeer het na de zomer nog eens.")
    assert (mail.kind, mail.sub, mail.until) == ("unclear", "not_now", date(2026, 9, 1))
    assert state_of(talk, talk.person) == (EnrolmentState.PAUSED, StopReason.IN_DOUBT)
    label(talk, mail, Label.LATER)
    found = talk.enrolment()
    assert (found.state, found.stop_reason) == (EnrolmentState.PAUSED, StopReason.SNOOZED)
    assert found.resumes_at is not None
    assert found.resumes_at.date() == date(2026, 9, 1)


def test_who_is_put_off_without_a_day_hears_from_us_after_thirty(talk: Correspondence) -> None:
    mail = talk.writes("Nu even niet.")
    label(talk, mail, Label.LATER)
    assert talk.enrolment().resumes_at == talk.outreach.now + timedelta(days=30)


def test_putting_off_can_be_taken_back(talk: Correspondence) -> None:
    mail = talk.writes("Nu even niet.")
    by = label(talk, mail, Label.LATER)
    with talk.services.database.transaction() as session:
        assert take_back(session, mail.id, by=by, at=talk.outreach.now)
    found = talk.enrolment()
    assert (found.stop_reason, found.resumes_at) == (StopReason.IN_DOUBT, None)


def test_a_pause_that_is_over_goes_on_by_itself(talk: Correspondence) -> None:
    mail = talk.writes("Nu even niet.")
    label(talk, mail, Label.LATER)
    later = talk.outreach.now + timedelta(days=31)
    with talk.services.database.transaction() as session:
        due = those_due(session, now=later)
        assert resume(session, due, now=later) == 1
    assert state_of(talk, talk.person)[0] is EnrolmentState.RUNNING


def test_a_doubt_that_was_none_lets_the_sequence_go_on(talk: Correspondence) -> None:
    mail = talk.writes("Ik wil me niet afmelden hoor.")
    assert mail.kind == "unclear"
    label(talk, mail, Label.GO_ON)
    assert state_of(talk, talk.person)[0] is EnrolmentState.RUNNING


def test_going_on_can_be_taken_back(talk: Correspondence) -> None:
    mail = talk.writes("Ik wil me niet afmelden hoor.")
    by = label(talk, mail, Label.GO_ON)
    with talk.services.database.transaction() as session:
        assert take_back(session, mail.id, by=by, at=talk.outreach.now)
    assert state_of(talk, talk.person) == (EnrolmentState.PAUSED, StopReason.IN_DOUBT)


def test_going_on_leaves_other_doubts_alone(talk: Correspondence) -> None:
    other = colleague(talk)
    mail = talk.writes("Ik wil me niet afmelden hoor.")
    label(talk, mail, Label.GO_ON)
    assert state_of(talk, other) == (EnrolmentState.PAUSED, StopReason.IN_DOUBT)


# --- their rights


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Welke gegevens hebben jullie van mij?", "access"),
        ("Graag inzage in mijn gegevens.", "access"),
        ("Verwijder mijn gegevens.", "erasure"),
        ("Mijn naam is verkeerd, wilt u mijn gegevens corrigeren?", "rectification"),
    ],
)
def test_a_request_about_their_data_gets_a_clock(talk: Correspondence, text: str, kind: str) -> None:
    talk.writes(text)
    with talk.services.database.reading() as session:
        [request] = session.scalars(select(RightsRequest)).all()
    assert (request.kind, request.channel, request.prospect_id) == (kind, "reply", talk.person)
    assert 27 <= (request.due_at - talk.outreach.now).days <= 30


def test_a_request_to_put_data_right_is_no_refusal_and_holds_the_sequence(talk: Correspondence) -> None:
    mail = talk.writes("Mijn naam is verkeerd, wilt u mijn gegevens corrigeren?")
    assert talk.refusals() == []
    assert state_of(talk, talk.person) == (EnrolmentState.PAUSED, StopReason.IN_DOUBT)
    label(talk, mail, Label.GO_ON)
    assert state_of(talk, talk.person)[0] is EnrolmentState.RUNNING


# --- answering


def test_our_answer_stays_in_the_thread_and_the_mailbox(talk: Correspondence) -> None:
    first = talk.ours
    mail = talk.writes("Kunt u mij morgen bellen?")
    talk.outreach.mailbox()
    with talk.services.database.transaction() as session:
        name = write_mail(
            session,
            talk.services.desk,
            talk.person,
            Written("", "Dat doen we.", mail.id),
            now=talk.outreach.now,
        )
    with talk.services.database.reading() as session:
        answer = session.scalars(select(Message).where(Message.public_id == name)).one()
        wire = message_from_bytes(answer.wire)
    assert (answer.kind, answer.mailbox_id) == (MailKind.REPLY, first.mailbox_id)
    assert wire["In-Reply-To"] == "<antwoord@winkel.example>"
    assert first.public_id in wire["References"]
    assert wire["References"].endswith("<antwoord@winkel.example>")
    assert wire["Subject"].startswith("Re: ")


def test_one_press_is_one_mail_and_what_was_taken_back_may_be_sent_again(talk: Correspondence) -> None:
    mail = talk.writes("Kunt u mij morgen bellen?")

    def press(body: str) -> str:
        with talk.services.database.transaction() as session:
            written = Written("", body, mail.id, once="the same press")
            return write_mail(session, talk.services.desk, talk.person, written, now=talk.outreach.now)

    first = press("Dat doen we, tipfout.")
    assert press("Dat doen we, tipfout.") == first
    with talk.services.database.transaction() as session:
        assert take_mail_back(session, first, now=talk.outreach.now)
    second = press("Dat doen we.")
    assert press("Dat doen we.") == second
    with talk.services.database.reading() as session:
        written = session.scalars(select(Message).where(Message.kind == MailKind.REPLY).order_by(Message.id))
        states = [(one.public_id, one.state) for one in written]
    assert states == [(first, MessageState.CANCELLED), (second, MessageState.DUE)]


# --- mail that nobody can read


def test_a_mail_that_nothing_can_be_made_of_pauses_and_holds_up_no_other(
    talk: Correspondence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault is planted: no mail is known that does this."""

    def fails(*_: object, **__: object) -> Verdict:
        raise RecursionError

    monkeypatch.setattr(understanding, "classify", fails)
    mail = talk.writes("Kunt u mij morgen bellen?")
    assert (mail.state, mail.kind, mail.sub) == (InboundState.QUARANTINED, "unclear", "broken")
    assert mail.raw is not None
    assert state_of(talk, talk.person) == (EnrolmentState.PAUSED, StopReason.IN_DOUBT)
    monkeypatch.undo()
    assert talk.writes("Belt u mij maar.", Message_ID="<2@winkel.example>").kind == "person"


def test_a_mail_with_two_senders_is_shown_and_pauses(talk: Correspondence) -> None:
    to = talk.services.links.reply_address(talk.ours.public_id)
    mail = talk.arrives(
        f"From: Anna <anna@winkel.example>\r\nFrom: Bram <bram@elders.example>\r\nTo: {to}\r\n"
        "Subject: Re: Foto's\r\n\r\nLeuk, belt u mij donderdag even?\r\n".encode()
    )
    assert (mail.kind, mail.sub) == ("unclear", "broken")
    assert state_of(talk, talk.person)[0] is EnrolmentState.PAUSED


def test_a_mail_without_a_message_id_is_understood_and_answered_without_a_thread(
    talk: Correspondence,
) -> None:
    to = talk.services.links.reply_address(talk.ours.public_id)
    mail = talk.arrives(f"From: anna@winkel.example\r\nTo: {to}\r\n\r\nBelt u mij maar.\r\n".encode())
    assert (mail.kind, mail.message_header) == ("person", "")
    with talk.services.database.transaction() as session:
        written = Written("", "Dat doen we.", mail.id)
        assert write_mail(session, talk.services.desk, talk.person, written, now=talk.outreach.now)


@pytest.mark.both_databases
@pytest.mark.parametrize("header", ["Message-ID: <a\0b@x.example>", "In-Reply-To: <a\0b@{ours}>"])
def test_a_character_that_no_database_keeps_holds_up_nobodys_no(talk: Correspondence, header: str) -> None:
    named = header.format(ours=talk.services.links.mail_domain)
    first = f"From: x@elders.example\r\nTo: sales@produfoto.example\r\n{named}\r\n\r\nHallo\r\n"
    assert talk.arrives(first.encode()).state is InboundState.UNDERSTOOD
    talk.writes("Haal me van de lijst.", Message_ID="<2@winkel.example>")
    assert talk.refusals()


@pytest.mark.both_databases
def test_a_mail_that_cannot_be_acted_on_waits_and_holds_up_no_other(
    talk: Correspondence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault is planted, once where mails are acted on and once where they are matched as well."""

    def fails(*_: object, **__: object) -> None:
        raise TypeError

    with monkeypatch.context() as planted:
        planted.setattr(answer_mail, "act", fails)
        mail = talk.writes("Kunt u mij morgen bellen?")
    assert (mail.state, mail.kind, mail.sub) == (InboundState.QUARANTINED, "unclear", "broken")
    assert state_of(talk, talk.person) == (EnrolmentState.PAUSED, StopReason.IN_DOUBT)
    with monkeypatch.context() as planted:
        planted.setattr(understanding, "match", fails)
        lost = talk.writes("Belt u mij maar.", Message_ID="<2@winkel.example>")
    assert (lost.state, lost.kind, lost.sub) == (InboundState.QUARANTINED, "unclear", "broken")
    talk.writes("Haal me van de lijst.", Message_ID="<3@winkel.example>")
    assert talk.refusals()


@pytest.mark.both_databases
@pytest.mark.parametrize("for_good", [True, False])
def test_a_mail_that_ends_its_reader_is_tried_once_more_and_holds_up_no_other(
    talk: Correspondence, monkeypatch: pytest.MonkeyPatch, *, for_good: bool
) -> None:
    """The fault is planted: of a kind that nobody thought of."""

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as planted:
        planted.setattr(answer_mail, "act", fails)
        mail = talk.writes("Haal me van de lijst.")
        assert mail.state is InboundState.RECEIVED
        if for_good:
            understanding.understand_mail(talk.services.reading_room, now=talk.outreach.now)
    talk.writes("Belt u mij maar.", Message_ID="<2@winkel.example>")
    with talk.services.database.reading() as session:
        read = session.get_one(InboundMail, mail.id)
    if for_good:
        assert (read.state, read.sub) == (InboundState.QUARANTINED, "broken")
        assert state_of(talk, talk.person)[0] is not EnrolmentState.RUNNING
    else:
        assert (read.state, read.kind) == (InboundState.UNDERSTOOD, "opt_out")
        assert talk.refusals()


@pytest.mark.both_databases
def test_a_mail_that_asks_too_much_of_the_database_is_set_aside(
    talk: Correspondence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is there; it says the same however often this mail is tried."""

    def asks(session: Session, *_: object, **__: object) -> None:
        session.execute(text(f"SELECT {'+'.join(['1'] * 50_000)}"))

    monkeypatch.setattr(answer_mail, "act", asks)
    mail = talk.writes("Kunt u mij morgen bellen?")
    assert (mail.state, mail.sub) == (InboundState.QUARANTINED, "broken")
    assert state_of(talk, talk.person) == (EnrolmentState.PAUSED, StopReason.IN_DOUBT)


@pytest.mark.both_databases
def test_a_database_that_goes_away_is_no_fault_of_the_mail_in_hand(
    talk: Correspondence, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leaves(*_: object, **__: object) -> None:
        raise OperationalError("", None, Exception("server closed the connection"))

    with monkeypatch.context() as planted:
        planted.setattr(answer_mail, "act", leaves)
        with pytest.raises(OperationalError):
            talk.writes("Haal me van de lijst.")
    assert understanding.understand_mail(talk.services.reading_room, now=talk.outreach.now) == 1
    assert talk.refusals()


@pytest.mark.both_databases
def test_a_doubt_outlasts_an_absence(talk: Correspondence) -> None:
    talk.writes("Ik ben afwezig tot en met 6 maart 2026.", Auto_Submitted="auto-replied")
    talk.writes("Zit hier echt niet op te wachten hoor.", Message_ID="<2@winkel.example>")
    talk.writes(
        "Ik ben afwezig tot en met 7 maart 2026.",
        Auto_Submitted="auto-replied",
        Message_ID="<3@winkel.example>",
    )
    talk.days(40)
    assert state_of(talk, talk.person) == (EnrolmentState.PAUSED, StopReason.IN_DOUBT)


def test_a_doubt_outlasts_a_pause_of_a_colleague(talk: Correspondence) -> None:
    with talk.services.database.transaction() as session:
        until = talk.outreach.now + timedelta(days=5)
        held = [talk.enrolment().id]
        pauses.pause(session, held, StopReason.BY_STAFF, at=talk.outreach.now, resumes_at=until)
    talk.writes("Zit hier echt niet op te wachten hoor.")
    talk.days(20)
    assert state_of(talk, talk.person) == (EnrolmentState.PAUSED, StopReason.IN_DOUBT)
