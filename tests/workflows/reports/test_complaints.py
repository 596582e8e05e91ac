"""A spam report with proof is a no; one without holds whoever it names; none of them is lost."""

import re
from datetime import timedelta
from email import message_from_bytes
from typing import Any

import pytest
from sqlalchemy import select, update

from crm.conversations.models import Task
from crm.delivery.models import Message, MessageState
from crm.kernel.addresses import EmailAddress
from crm.prospects import second_addresses
from crm.prospects.models import Prospect
from crm.prospects.spelling import names_of
from crm.queries.pages import frame, today
from crm.replies.models import InboundMail
from crm.sequences import pauses
from crm.sequences.models import EnrolmentState, StopReason
from crm.services import Services
from crm.workflows.holding.resume import those_due
from tests.correspondence import Correspondence, spam_report

pytestmark = pytest.mark.both_databases


@pytest.fixture
def talk(services: Services) -> Correspondence:
    return Correspondence(services)


def header(talk: Correspondence, name: str) -> str:
    """A header of our mail, as its reader's provider has it."""
    return str(message_from_bytes(talk.ours.wire)[name])


def shown(talk: Correspondence) -> list[int]:
    with talk.services.database.reading() as session:
        return [item.id for item in today.replies(session)]


def counted(talk: Correspondence) -> int:
    with talk.services.database.reading() as session:
        at = talk.outreach.now
        return frame.counts(
            session, staff_id=0, resolves=False, day_ends=at - timedelta(days=365), now=at, real_now=at
        ).today


def is_refused(talk: Correspondence) -> bool:
    return (talk.enrolment().stop_reason, len(talk.refusals())) == (StopReason.REFUSED, 1)


def waits(talk: Correspondence, mail: InboundMail) -> bool:
    """Held and asked about; nothing is final."""
    row = talk.enrolment()
    is_held = (row.state, row.stop_reason, row.resumes_at) == (
        EnrolmentState.PAUSED,
        StopReason.IN_DOUBT,
        None,
    )
    is_open = talk.ours.state is not MessageState.COMPLAINED and not talk.refusals()
    return is_held and is_open and shown(talk) == [mail.id]


# --- what carries a proof


@pytest.mark.parametrize("name", ["Reply-To", "List-Unsubscribe"])
def test_a_token_in_the_enclosed_mail_tells_whose_it_was(talk: Correspondence, name: str) -> None:
    mail = talk.arrives(spam_report(enclosed={name: header(talk, name)}))
    assert (mail.kind, mail.matched_by, mail.prospect_id) == ("complaint", "token", talk.person)
    assert is_refused(talk)
    assert shown(talk) == []


@pytest.mark.parametrize("scheme", ["https?://", "mailto:"])
def test_either_address_for_unsubscribing_is_proof_alone(talk: Correspondence, scheme: str) -> None:
    [one] = [part for part in header(talk, "List-Unsubscribe").split(", ") if re.match(f"<{scheme}", part)]
    talk.arrives(spam_report(enclosed={"List-Unsubscribe": one}))
    assert is_refused(talk)


def test_our_link_tells_which_message_it_was(talk: Correspondence) -> None:
    talk.arrives(spam_report(enclosed={"List-Unsubscribe": header(talk, "List-Unsubscribe")}))
    assert talk.ours.state is MessageState.COMPLAINED


@pytest.mark.parametrize("name", ["Original-Mail-From", "Return-Path"])
def test_the_envelope_sender_is_proof(talk: Correspondence, name: str) -> None:
    sender = f"<{talk.services.links.bounce_address(talk.ours.public_id)}>"
    report = {name: sender} if name.startswith("Original") else {}
    talk.arrives(spam_report(report=report, enclosed={} if report else {name: sender}))
    assert is_refused(talk)
    assert talk.ours.state is MessageState.COMPLAINED


def test_our_message_id_is_proof(talk: Correspondence) -> None:
    mail = talk.arrives(spam_report(enclosed={"Message-ID": header(talk, "Message-ID")}))
    assert mail.matched_by == "thread"
    assert is_refused(talk)


def test_a_no_stands_though_the_message_is_gone(talk: Correspondence) -> None:
    found = header(talk, "List-Unsubscribe")
    with talk.services.database.transaction() as session:
        session.execute(update(Message).values(public_id="a" * 26))
    talk.arrives(spam_report(enclosed={"List-Unsubscribe": found}))
    assert is_refused(talk)


def test_a_token_of_somebody_else_is_no_proof(talk: Correspondence) -> None:
    """It has the shape, and not our signature."""
    forged = re.sub(r"\+[a-z2-7]{4}", "+aaaa", header(talk, "Reply-To"))
    mail = talk.arrives(spam_report(enclosed={"Reply-To": forged}))
    assert (mail.matched_by, mail.prospect_id) == ("", None)
    assert talk.enrolment().state is EnrolmentState.RUNNING


# --- what only names somebody


@pytest.mark.parametrize(
    "field", ["<anna@winkel.example>", "rfc822; anna@winkel.example", "ANNA@Winkel.example"]
)
def test_the_address_it_was_sent_to_holds_whoever_it_names(talk: Correspondence, field: str) -> None:
    mail = talk.arrives(spam_report(report={"Original-Rcpt-To": field}))
    assert (mail.kind, mail.matched_by, mail.prospect_id) == ("complaint", "recipient", talk.person)
    assert waits(talk, mail)


@pytest.mark.parametrize("name", ["To", "Delivered-To", "X-Original-To"])
def test_so_does_the_enclosed_mails_address(talk: Correspondence, name: str) -> None:
    mail = talk.arrives(spam_report(enclosed={name: "Anna de Boer <anna@winkel.example>"}))
    assert waits(talk, mail)


def test_a_redacted_field_hides_no_other(talk: Correspondence) -> None:
    mail = talk.arrives(
        spam_report(report={"Original-Rcpt-To": "redacted@x.example"}, enclosed={"To": "anna@winkel.example"})
    )
    assert waits(talk, mail)


def test_a_report_from_their_own_address_holds_them(talk: Correspondence) -> None:
    assert waits(talk, talk.arrives(spam_report(sender="anna@winkel.example")))


def test_the_doubt_outlasts_an_absence(talk: Correspondence) -> None:
    row = talk.enrolment()
    with talk.services.database.transaction() as session:
        until = talk.outreach.now + timedelta(days=5)
        pauses.pause(session, [row.id], StopReason.OUT_OF_OFFICE, at=talk.outreach.now, resumes_at=until)
    mail = talk.arrives(spam_report(report={"Original-Rcpt-To": "anna@winkel.example"}))
    talk.days(20)
    with talk.services.database.reading() as session:
        assert those_due(session, now=talk.outreach.now) == []
    assert waits(talk, mail)


def test_it_says_nothing_about_colleagues(talk: Correspondence) -> None:
    """Anybody can write a report: it must not silence a whole company."""
    with talk.services.database.reading() as session:
        company = session.get_one(Prospect, talk.person).company_id
    other = talk.outreach.person("bram@winkel.example", company_id=company)
    talk.outreach.enrol([other], talk.outreach.sequence())
    talk.arrives(spam_report(report={"Original-Rcpt-To": "anna@winkel.example"}))
    states = {one.prospect_id: one.state for one in talk.outreach.enrolments()}
    assert states == {talk.person: EnrolmentState.PAUSED, other: EnrolmentState.RUNNING}


def second_of_annas(talk: Correspondence) -> str:
    address = EmailAddress.parse("a.deboer@elders.example")
    with talk.services.database.transaction() as session:
        names = names_of(talk.services.settings.keys.addresses, address)
        second_addresses.note(session, talk.person, address, names, by=None, at=talk.outreach.now)
    return str(address)


def test_a_second_address_of_theirs_is_theirs(talk: Correspondence) -> None:
    mail = talk.arrives(spam_report(report={"Original-Rcpt-To": second_of_annas(talk)}))
    assert (mail.matched_by, mail.prospect_id) == ("recipient", talk.person)
    assert waits(talk, mail)


# --- what names no more than a company


def at_the_company(talk: Correspondence) -> int:
    with talk.services.database.reading() as session:
        company = session.get_one(Prospect, talk.person).company_id
    other = talk.outreach.person("bram@winkel.example", company_id=company)
    stranger = talk.outreach.person("cas@elders.example")
    talk.outreach.enrol([other, stranger], talk.outreach.sequence())
    return other


@pytest.mark.parametrize(
    "given",
    [
        {"report": {"Original-Rcpt-To": "redacted@winkel.example"}},
        {"report": {"Original-Rcpt-To": "rfc822; [redacted]@Mail.Winkel.example"}},
        {"report": {"Original-Rcpt-To": "<*****@winkel.example>"}},
        {"report": {"Original-Rcpt-To": "redacted"}, "enclosed": {"To": "Redacted <x@winkel.example>"}},
        {"enclosed": {"Delivered-To": "@winkel.example"}},
    ],
)
def test_a_redacted_one_holds_everybody_at_the_company_and_asks(
    talk: Correspondence, given: dict[str, Any]
) -> None:
    other = at_the_company(talk)
    mail = talk.arrives(spam_report(**given))
    assert (mail.kind, mail.matched_by, mail.prospect_id) == ("complaint", "domain", None)
    held = {one.prospect_id for one in talk.outreach.enrolments() if one.state is EnrolmentState.PAUSED}
    assert held == {talk.person, other}
    assert shown(talk) == [mail.id]
    with talk.services.database.reading() as session:
        asked = session.scalars(select(Task.prospect_id).where(Task.title.contains("as spam"))).all()
    assert set(asked) == held
    talk.days(20)
    to = [one.prospect_id for one in talk.outreach.messages()]
    assert (to.count(talk.person), other in to) == (1, False)


def test_of_a_mail_that_went_to_everybodys_domain_nobody_is_held(talk: Correspondence) -> None:
    mail = talk.arrives(spam_report(report={"Original-Rcpt-To": "redacted@gmail.com"}))
    assert (mail.matched_by, talk.enrolment().state) == ("", EnrolmentState.RUNNING)


def test_nor_of_one_that_names_two_companies(talk: Correspondence) -> None:
    at_the_company(talk)
    mail = talk.arrives(
        spam_report(report={"Original-Rcpt-To": "x@winkel.example"}, enclosed={"To": "x@elders.example"})
    )
    assert (mail.matched_by, talk.outreach.enrolments()[0].state) == ("", EnrolmentState.RUNNING)
    assert shown(talk) == [mail.id]


def test_a_report_that_it_is_no_spam_holds_nobody(talk: Correspondence) -> None:
    talk.arrives(spam_report("not-spam", report={"Original-Rcpt-To": "anna@winkel.example"}))
    assert talk.enrolment().state is EnrolmentState.RUNNING
    assert shown(talk) == []


# --- what names nobody


def test_a_report_about_nobody_we_know_is_shown_and_counted(talk: Correspondence) -> None:
    before = counted(talk)
    mail = talk.arrives(spam_report())
    assert (mail.kind, mail.matched_by, mail.prospect_id) == ("complaint", "", None)
    assert shown(talk) == [mail.id]
    assert counted(talk) == before + 1
    assert talk.enrolment().state is EnrolmentState.RUNNING


def test_which_text_it_was_is_read_from_our_feedback_id(talk: Correspondence) -> None:
    mail = talk.arrives(spam_report(enclosed={"Feedback-ID": header(talk, "Feedback-ID")}))
    with talk.services.database.reading() as session:
        found = today.text_complained_about(session, mail.evidence)
    assert found is not None
    assert (found.sequence_id, found.position) == (talk.sequence, 1)


@pytest.mark.parametrize(
    "value",
    ["campaign:x:y:z", "step99:seq99:outreach:produfoto", f"step{2**31}:seq1:outreach:x", "step1:seq2", ""],
)
def test_another_feedback_id_tells_nothing(talk: Correspondence, value: str) -> None:
    mail = talk.arrives(spam_report(enclosed={"Feedback-ID": value}))
    with talk.services.database.reading() as session:
        assert today.text_complained_about(session, mail.evidence) is None
