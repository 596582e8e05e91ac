"""A test of a sequence's mails to oneself: all of them, and of the draft as it is typed."""

from email import message_from_bytes
from email.policy import default

import pytest

from crm.compose.words import words_in
from crm.kernel.mail import Language
from crm.sequences import drafts
from crm.sequences.drafts import Typed, TypedStep
from crm.sequences.models import StepKind
from crm.sequences.texts import Words
from tests.conftest import NOW
from tests.outreach import Outreach, hand_work, mail
from tests.web.staff.conftest import Browser

pytestmark = pytest.mark.both_databases


def press(admin: Browser, sequence: int) -> str:
    answer = admin.post(f"/sequences/{sequence}/test")
    assert answer.status_code == 303
    return admin.get(answer.location or "").text


def test_every_text_of_a_long_sequence_is_sent_and_counted(admin: Browser, outreach: Outreach) -> None:
    others = (Words("B", "Tekst B"), Words("C", "Tekst C"))
    steps = [mail(0 if n == 0 else 2, f"Vraag {n}", "Tekst", others=others) for n in range(4)]
    page = press(admin, outreach.sequence(*steps))
    assert "12 tests are on the way to your own address." in page
    assert len(outreach.messages()) == 12


def test_one_is_one(admin: Browser, outreach: Outreach) -> None:
    assert "The test is on the way" in press(admin, outreach.sequence(mail()))


def test_a_test_says_in_its_subject_that_it_is_one(admin: Browser, outreach: Outreach) -> None:
    press(admin, outreach.sequence(mail(subject="Foto's"), mail(3, "")))
    assert [one.subject_line for one in outreach.messages()] == ["[Test] Foto's"] * 2


def test_the_draft_is_tried_in_its_own_language_and_from_its_own_mailbox(
    admin: Browser, outreach: Outreach
) -> None:
    sequence, other = outreach.sequence(mail(), language="nl"), outreach.mailbox()
    step = TypedStep(StepKind.EMAIL, "0", (Words("Bilder", "Guten Tag"),))
    with outreach.services.database.transaction() as session:
        draft = Typed("Herbst", Language.DE, other, (step,))
        drafts.save(session, sequence, draft, seen=0, by=None, at=NOW)
    press(admin, sequence)
    [tried] = outreach.messages()
    assert tried.mailbox_id == other
    body = message_from_bytes(tried.wire, policy=default).get_body(("plain",))
    assert body is not None
    assert words_in(Language.DE).about in body.get_content()
    assert words_in(Language.NL).about not in body.get_content()


def test_without_a_mail_in_it_nothing_is_said_to_be_on_its_way(admin: Browser, outreach: Outreach) -> None:
    assert "there is no mail in it yet" in press(admin, outreach.sequence(hand_work()))
    assert outreach.messages() == []
