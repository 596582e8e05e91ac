"""What people do with a mail follows from the seed, the person and the mail, and from nothing else."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.demo.answers import Writer, away, bounce, reply
from scripts.demo.enrolments import beginnings
from scripts.demo.letter import Letter, is_here, read_letter
from scripts.demo.temper import Act, Temper, plans, temper_of
from tests.demo.conftest import SEED

ZONE = ZoneInfo("Europe/Amsterdam")
SENT = datetime(2026, 3, 2, 9, 12, tzinfo=UTC)
LETTER = Letter(
    key="abcdefghijklmnopqrstuvwxyz",
    recipient="anna.smit@winkel.example",
    number=1,
    sent_at=SENT,
    language="nl",
    sender='"Sanne van Produfoto" <sanne@outreach.produfoto.example>',
    envelope="b+token@outreach.produfoto.example",
    reply_to="<r+token@outreach.produfoto.example>",
    subject="De productfoto's van Winkel",
    message_id="<abcdefghijklmnopqrstuvwxyz@outreach.produfoto.example>",
    references=(),
    text="Dag Anna,\n\nZal ik drie foto's bewerken?",
    pixel="http://127.0.0.1:8000/o/x.gif",
    one_click="http://127.0.0.1:8000/u/x",
    start="",
    links=("http://127.0.0.1:8000/u/x",),
)
ADDRESSES = [one.person.address for one in beginnings(SEED)]


def of(temper: Temper) -> Letter:
    """A letter to somebody of this temper."""
    return replace(LETTER, recipient=next(one for one in ADDRESSES if temper_of(SEED, one) is temper))


def acts(letter: Letter, **more: float) -> Counter[Act]:
    return Counter(plan.act for plan in plans(SEED, letter, ZONE, **more))


@given(st.integers(0, 2**32), st.emails(), st.integers(1, 4))
def test_the_same_people_do_the_same(seed: int, recipient: str, number: int) -> None:
    letter = replace(LETTER, recipient=recipient, number=number)
    assert plans(seed, letter, ZONE, speed=3600) == plans(seed, letter, ZONE, speed=3600)


def test_the_name_of_a_mail_changes_nothing() -> None:
    for address in ADDRESSES:
        letter = replace(LETTER, recipient=address)
        assert plans(SEED, letter, ZONE) == plans(SEED, replace(letter, key="another"), ZONE)


def test_the_demo_shows_every_temper() -> None:
    assert {temper_of(SEED, one) for one in ADDRESSES} == set(Temper)


@given(st.emails(), st.integers(1, 4), st.floats(1, 100_000))
def test_nothing_is_done_before_the_mail_is_there(recipient: str, number: int, speed: float) -> None:
    letter = replace(LETTER, recipient=recipient, number=number)
    assert all(plan.at > SENT for plan in plans(SEED, letter, ZONE, speed=speed))


@pytest.mark.parametrize("speed", [1.0, 3600.0, 20_000.0])
def test_no_person_is_as_quick_as_a_machine(speed: float) -> None:
    """Ten real seconds after acceptance an opening still counts as a scanner's (standards 4.2)."""
    for address in ADDRESSES:
        for plan in plans(SEED, replace(LETTER, recipient=address), ZONE, speed=speed):
            if plan.act is Act.OPEN and plan.detail != "apple":
                assert (plan.at - SENT).total_seconds() / speed > 10


@pytest.mark.parametrize("speed", [1.0, 3600.0, 20_000.0])
def test_no_person_is_on_the_page_as_quickly_as_a_machine(speed: float) -> None:
    """Two real seconds between pixel and unsubscribe page are a scanner's (standards 4.2)."""
    choosers = [one for one in ADDRESSES if temper_of(SEED, one) is Temper.CHOOSER]
    assert choosers
    for address in choosers:
        for number in (1, 2, 3):
            done = plans(SEED, replace(LETTER, recipient=address, number=number), ZONE, speed=speed)
            opened = [plan.at for plan in done if plan.act is Act.OPEN]
            chosen = [plan.at for plan in done if plan.act is Act.CHOOSE]
            assert all(abs((at - open_).total_seconds()) / speed > 2 for at in chosen for open_ in opened)


def test_a_mailbox_that_does_not_exist_opens_nothing() -> None:
    assert acts(of(Temper.GONE)) == {Act.BOUNCE: 1}


def test_whoever_opens_nothing_answers_nothing() -> None:
    found = acts(of(Temper.FORGETFUL))
    assert not found.keys() & {Act.REPLY, Act.ONE_CLICK, Act.CHOOSE}


@pytest.mark.parametrize(
    ("temper", "act"),
    [
        (Temper.ONE_CLICK, Act.ONE_CLICK),
        (Temper.CHOOSER, Act.CHOOSE),
        (Temper.ASKER, Act.REPLY),
        (Temper.SAYS_YES, Act.REPLY),
        (Temper.SAYS_STOP, Act.REPLY),
    ],
)
def test_everybody_does_their_one_thing_at_one_mail_of_the_series(temper: Temper, act: Act) -> None:
    letter = of(temper)
    done = [acts(replace(letter, number=number))[act] for number in (1, 2, 3)]
    assert sum(done) == 1


def test_whoever_asked_for_the_link_may_sign_up_and_go_on() -> None:
    letters = [replace(LETTER, recipient=one, start="http://127.0.0.1:8000/start/x") for one in ADDRESSES]
    found = sum((acts(one) for one in letters), Counter[Act]())
    assert found[Act.SIGN_UP] > len(ADDRESSES) * 0.7
    assert 0 < found[Act.STEP] < 3 * found[Act.SIGN_UP]
    assert not found[Act.ONE_CLICK]


def test_nobody_acts_in_the_middle_of_the_night() -> None:
    for address in ADDRESSES:
        for plan in plans(SEED, replace(LETTER, recipient=address), ZONE):
            if plan.act in {Act.REPLY, Act.STEP}:
                assert 7 <= plan.at.astimezone(ZONE).hour <= 22


def writer(letter: Letter = LETTER) -> Writer:
    return Writer(SEED, letter, SENT + timedelta(hours=3))


def test_a_reply_goes_to_the_reply_address_and_names_the_mail_it_answers() -> None:
    mail = message_from_bytes(reply(writer(), "question"))
    assert mail["To"] == "<r+token@outreach.produfoto.example>"
    assert mail["In-Reply-To"] == LETTER.message_id
    assert LETTER.message_id in mail["References"]
    assert "> Zal ik drie foto's bewerken?" in mail.get_payload(decode=True).decode()  # type: ignore[union-attr]


@pytest.mark.parametrize("language", ["nl", "de", "en", "fr"])
@pytest.mark.parametrize("kind", ["question", "yes", "not_now", "stop", "source", "thanks"])
def test_every_answer_exists_in_every_language(language: str, kind: str) -> None:
    mail = message_from_bytes(reply(writer(replace(LETTER, language=language)), kind))
    assert "{" not in mail.get_payload(decode=True).decode()  # type: ignore[union-attr]


def test_an_absence_notice_says_that_it_is_automatic_and_answers_the_envelope() -> None:
    mail = message_from_bytes(away(writer()))
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["To"] == LETTER.envelope
    assert mail["Return-Path"] == "<>"


def test_a_bounce_is_a_delivery_report_to_the_envelope() -> None:
    mail = message_from_bytes(bounce(writer(), "5.1.1"))
    assert mail["To"] == LETTER.envelope
    assert mail["Return-Path"] == "<>"
    assert mail.get_content_type() == "multipart/report"
    report = mail.get_payload()[1]  # type: ignore[index]
    assert report.get_content_type() == "message/delivery-status"  # type: ignore[union-attr]
    assert "Status: 5.1.1" in report.as_string()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "link",
    [
        "https://www.produfoto.example/",
        "http://192.0.2.1/u/x",
        "mailto:a@b.example",
        "http://[::1].other.test/",
        "http://127.0.0.1:80@other.test/",
        "http://127.0.0.1.other.test/",
    ],
)
def test_people_visit_no_other_machine(link: str) -> None:
    assert not is_here(link)


def test_a_mail_to_nobody_is_not_read() -> None:
    with pytest.raises((ValueError, KeyError, AttributeError, TypeError)):
        read_letter("x", b"Subject: nothing\r\n\r\n", number=1)
