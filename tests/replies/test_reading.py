"""Whatever arrives is read: broken, hostile, or in no known charset. Nothing is lost to a parser."""

import random
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.replies.classify import classify
from crm.replies.reading import MOST_BYTES, read
from crm.replies.verdicts import MailKind
from tests.replies.mails import corpus, mail, raw

PIECES = [
    *(
        b"From: ",
        b"To: r+",
        b"Subject: =?utf-8?q?",
        b"?=",
        b"--x\r\n",
        b"--x--",
        b"\r\n",
        b"\r\n\r\n",
        b"<a@b>",
    ),
    *(b"\xff\xfe", b"\0", b"stop", b"> ", b"=?x?b?====?=", b"Status: 5.1.1\r\n", b"Action: failed\r\n"),
    b"Content-Type: multipart/mixed; boundary=x\r\n",
    b"Content-Type: message/rfc822\r\n",
    b"Content-Type: message/delivery-status\r\n",
    b"Content-Type: text/html\r\n",
    b"Content-Type: text/plain; charset=nonsense\r\n",
    b"Content-Type: \xe9\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Message-ID: <[a@b]>\r\n",
    b"Date: 99 Foo 2026 99:99\r\n",
]


@settings(deadline=None)
@given(st.binary(max_size=300) | st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join))
def test_no_bytes_break_the_reading_or_the_judging(content: bytes) -> None:
    assert classify(read(content)).kind in MailKind


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**9))
def test_no_damage_to_a_real_mail_breaks_the_reading_or_the_judging(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - nothing secret: where a mail is damaged
    content = bytearray(rng.choice(corpus()).read_bytes())
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(content))
        content[at : at + rng.randint(0, 4)] = rng.choice(PIECES)
    assert classify(read(bytes(content))).kind in MailKind


def test_a_thousand_parts_inside_each_other_are_read() -> None:
    opened = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(1_000)
    )
    assert classify(read(b"From: a@x.example\r\n" + opened)).kind is MailKind.UNCLEAR


def test_a_mail_of_twelve_megabytes_is_read_as_far_as_it_goes() -> None:
    long = raw("Stop") + b"\r\n\r\n" + b"x" * (MOST_BYTES + 2_000_000)
    assert "too_long" in read(long).broken


def test_the_usual_fields_are_found() -> None:
    threads = (
        "Message-ID: <1@x.example>",
        "In-Reply-To: <0@p.example>",
        "References: <a@p.example> <0@p.example>",
    )
    found = mail("Hello.", "Re: photos", *threads)
    assert str(found.sender) == "jan@x.example"
    assert (found.subject, found.text) == ("Re: photos", "Hello.")
    assert (found.message_id, found.sent_on) == ("1@x.example", date(2026, 11, 23))
    assert found.answers == ("0@p.example", "a@p.example")


def test_the_sender_is_the_address_in_brackets() -> None:
    content = raw().replace(b"From: Jan <jan@x.example>", b"From: a@evil.example <b@good.example>")
    assert str(read(content).sender) == "b@good.example"


@pytest.mark.parametrize("value", [b"", b"nobody", b"<>", b"=?utf-8?q?=FF?=", b"a@b@c"])
def test_a_sender_that_is_none_is_none(value: bytes) -> None:
    assert read(raw().replace(b"Jan <jan@x.example>", value)).sender is None


def test_headers_that_break_the_modern_parser_are_read() -> None:
    assert mail("Stop", "x", "Message-ID: <[a@b]>").message_id == "[a@b]"
    assert classify(mail("Stop", "x", "Message-ID: <[a@b]>")).kind is MailKind.OPT_OUT


def test_a_wrong_charset_loses_no_words_and_is_noted() -> None:
    found = read(raw("Ich widerspreche.").replace(b"charset=utf-8", b"charset=klingon"))
    assert found.text == "Ich widerspreche."
    assert found.broken == ("charset",)


def test_an_encoded_subject_is_read() -> None:
    assert mail("x", "=?utf-8?q?R=C3=A9ponse_automatique?=").subject == "Réponse automatique"
    assert mail("x", "=?klingon?q?abc?=").subject == "abc"


def test_a_null_sender_is_seen() -> None:
    assert mail("x", "x", "Return-Path: <>").has_null_sender
    assert not mail("x", "x", "Return-Path: <a@x.example>").has_null_sender


def test_attachments_are_noticed_and_not_read() -> None:
    content = b"\r\n".join(
        [
            b"From: a@x.example",
            b"Content-Type: multipart/mixed; boundary=b",
            b"",
            b"--b\r\nContent-Type: text/plain\r\n\r\nHello.",
            b"--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=stop.txt",
            b"",
            b"unsubscribe\r\n--b--",
        ]
    )
    found = read(content)
    assert (found.text, found.parts.has_attachments) == ("Hello.", True)


def test_a_mail_inside_a_mail_was_not_said_by_its_sender() -> None:
    content = b"\r\n".join(
        [
            b"From: a@x.example",
            b"Content-Type: multipart/mixed; boundary=b",
            b"",
            b"--b\r\nContent-Type: message/rfc822\r\n",
            b"From: c@y.example\r\nContent-Type: text/plain\r\n\r\nunsubscribe\r\n--b--",
        ]
    )
    assert read(content).text == ""


def test_nothing_of_a_mail_shows_when_it_is_printed() -> None:
    shown = repr(mail("secret words", "secret subject", "X-Secret: secret"))
    assert "secret" not in shown
    assert "jan@x.example" not in shown


def test_a_header_has_no_character_that_a_database_refuses() -> None:
    found = read(
        b"Message-ID: <a\0b@x.example>\r\nIn-Reply-To: <c\x1bd@x.example>\r\nSubject: a\x07b\r\n\r\nHi"
    )
    assert (found.message_id, found.in_reply_to, found.subject) == ("ab@x.example", ("cd@x.example",), "ab")
