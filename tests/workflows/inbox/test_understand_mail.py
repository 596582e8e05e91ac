"""What people and machines write back: a no refuses, an answer stops, doubt pauses, and nothing is lost."""

import pytest
from sqlalchemy import select

from crm.conversations.models import Task
from crm.delivery.models import MessageState
from crm.privacy.models import RefusalReason, RefusalScope
from crm.prospects.models import Status
from crm.replies.models import InboundMail, InboundState
from crm.sequences.models import EnrolmentState, StopReason
from crm.services import Services
from tests.correspondence import Correspondence
from tests.fakes import MemoryMailer
from tests.outreach import mail

pytestmark = pytest.mark.both_databases


@pytest.fixture
def talk(services: Services) -> Correspondence:
    return Correspondence(services)


def test_a_first_mail_is_out_before_anybody_answers(talk: Correspondence) -> None:
    assert talk.ours.state is MessageState.SENT
    assert talk.enrolment().state is EnrolmentState.RUNNING


def test_a_persons_answer_stops_the_sequence_and_lands_on_today(talk: Correspondence) -> None:
    mail = talk.writes("Leuk, belt u mij donderdag even? Groet, Anna")
    assert (mail.kind, mail.state, mail.prospect_id) == ("person", InboundState.UNDERSTOOD, talk.person)
    assert (talk.enrolment().state, talk.enrolment().stop_reason) == (
        EnrolmentState.STOPPED,
        StopReason.REPLIED,
    )
    assert talk.prospect().status is Status.REPLIED


@pytest.mark.parametrize(
    "text",
    [
        "Haal me van de lijst.",
        "Please remove me from your list.",
        "Bitte keine weiteren E-Mails.",
        "Merci de ne plus me contacter.",
        "STOP",
    ],
)
def test_a_no_in_their_own_words_refuses(talk: Correspondence, text: str) -> None:
    talk.writes(text)
    [refusal] = talk.refusals()
    assert refusal.scope is RefusalScope.ADDRESS
    assert talk.enrolment().stop_reason is StopReason.REFUSED


def test_a_no_is_heard_from_an_address_we_do_not_know(talk: Correspondence) -> None:
    talk.writes("Haal me van de lijst.", sender="anna.prive@elders.example")
    assert talk.enrolment().state is EnrolmentState.STOPPED


def test_mail_to_the_unsubscribe_address_is_a_no_whatever_it_says(talk: Correspondence) -> None:
    raw = talk.ours.wire.decode()
    header = next(line for line in raw.split("\r\n") if line.startswith("List-Unsubscribe:"))
    address = header.partition("mailto:")[2].partition(">")[0]
    talk.writes("", to=address)
    assert len(talk.refusals()) == 1


def test_our_own_footer_quoted_back_is_no_refusal(talk: Correspondence) -> None:
    quoted = "\n".join(
        f"> {line}" for line in "Liever geen e-mail meer? Afmelden: https://x.example/u/abc".splitlines()
    )
    talk.writes(f"Prima, stuur maar iets op.\n\nOp 2 maart schreef Sanne:\n{quoted}")
    assert talk.refusals() == []


@pytest.mark.parametrize(
    "text",
    [
        "Our shop is closed until further notice, please remove us from your mailing list.",
        "Ik ben afwezig tot 5 april, stuur mij geen mails meer.",
    ],
)
def test_after_a_no_beside_an_absence_nothing_else_leaves(services: Services, text: str) -> None:
    talk = Correspondence(services, mail(), mail(3, ""), mail(5, ""))
    kept = talk.writes(text, Auto_Submitted="auto-replied")
    assert (kept.kind, kept.sub) == ("unclear", "mixed")
    talk.days(70)
    assert [one.state for one in talk.outreach.messages()] == [MessageState.SENT]
    assert talk.enrolment().stop_reason is StopReason.IN_DOUBT


def test_an_absence_pauses_until_they_are_back(talk: Correspondence) -> None:
    talk.writes(
        "Ik ben afwezig tot en met 13 maart 2026.",
        Auto_Submitted="auto-replied",
        X_Autoreply="yes",
    )
    found = talk.enrolment()
    assert (found.state, found.stop_reason) == (EnrolmentState.PAUSED, StopReason.OUT_OF_OFFICE)
    assert found.resumes_at is not None
    assert 11 <= (found.resumes_at - talk.outreach.now).days <= 16


def test_doubt_pauses_and_is_shown(talk: Correspondence) -> None:
    mail = talk.writes("Nee hoor, niet afmelden, maar nu even niet.")
    assert mail.kind in {"unclear", "opt_out"}
    assert talk.enrolment().state is not EnrolmentState.RUNNING


def test_a_mail_that_nobody_can_read_is_kept_and_pauses(talk: Correspondence) -> None:
    to = talk.services.links.reply_address(talk.ours.public_id).encode()
    mail = talk.arrives(
        b"To: " + to + b"\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\xff\xfe\x00"
    )
    assert mail.raw is not None
    assert talk.enrolment().state is not EnrolmentState.RUNNING


def _bounce(talk: Correspondence, *, to: str) -> bytes:
    return (
        f"From: MAILER-DAEMON@mx.winkel.example\r\nTo: {to}\r\nReturn-Path: <>\r\nSubject: Undelivered\r\n"
        "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nNo such user here.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.winkel.example\r\n\r\n"
        "Final-Recipient: rfc822; anna@winkel.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n--b--\r\n"
    ).encode()


def test_a_hard_bounce_stops_and_marks_the_address(talk: Correspondence) -> None:
    talk.arrives(_bounce(talk, to=talk.ours.sender))
    assert talk.ours.state is MessageState.BOUNCED
    assert talk.prospect().address_state == "bounced"
    assert talk.enrolment().stop_reason is StopReason.BOUNCED


def test_a_forged_bounce_changes_nothing(talk: Correspondence) -> None:
    talk.arrives(_bounce(talk, to="sales@outreach.produfoto.example"))
    assert talk.ours.state is MessageState.SENT
    assert talk.enrolment().state is EnrolmentState.RUNNING


def test_the_same_mail_twice_is_one_mail(talk: Correspondence) -> None:
    raw = _bounce(talk, to=talk.ours.sender)
    talk.arrives(raw)
    talk.arrives(raw)
    with talk.services.database.reading() as session:
        assert len(session.scalars(select(InboundMail)).all()) == 1


def test_a_request_about_their_data_stops_and_starts_the_clock(talk: Correspondence) -> None:
    talk.writes("Op grond van de AVG verzoek ik u om inzage in mijn gegevens.")
    assert [one.reason for one in talk.refusals()] in ([RefusalReason.REPLY], [RefusalReason.OBJECTION])
    assert talk.enrolment().state is EnrolmentState.STOPPED


def test_after_an_answer_nothing_more_leaves(talk: Correspondence) -> None:
    mailer = talk.services.mailer
    assert isinstance(mailer, MemoryMailer)
    before = len(mailer.sent)
    talk.writes("Belt u mij maar.")
    talk.days(20)
    assert len(mailer.sent) == before


def test_without_an_answer_the_next_one_leaves(talk: Correspondence) -> None:
    mailer = talk.services.mailer
    assert isinstance(mailer, MemoryMailer)
    before = len(mailer.sent)
    talk.days(20)
    assert len(mailer.sent) == before + 1


def test_a_filter_that_wants_proof_is_shown_to_a_person(talk: Correspondence) -> None:
    talk.writes(
        "Please click the link to verify that you are human: https://filter.example/verify",
        Auto_Submitted="auto-replied",
    )
    with talk.services.database.reading() as session:
        tasks = session.scalars(select(Task)).all()
    assert talk.refusals() == []
    assert len(tasks) <= 1
