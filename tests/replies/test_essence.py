"""The same mail is known again on any way it came; another one never takes its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.replies.essence import essence

MAIL = (
    b"From: Anna <anna@winkel.example>\r\nTo: r+abc@outreach.example\r\nSubject: Re:\r\n  foto's\r\n"
    b"Message-ID: <1@winkel.example>\r\nDate: Mon, 02 Mar 2026 10:00:00 +0100\r\n\r\nStop.\r\n\r\n"
)
SAME = {
    "as a Maildir has it": MAIL.replace(b"\r\n", b"\n"),
    "with trace headers in front": b"Return-Path: <anna@winkel.example>\r\nReceived: by a;\r\n\tnow\r\n"
    + MAIL,
    "with a filter's verdict": MAIL.replace(b"\r\n\r\nStop", b"\r\nX-Spam: no\r\n\r\nStop"),
    "folded elsewhere": MAIL.replace(b"Re:\r\n  foto's", b"Re: foto's"),
    "header names in capitals": MAIL.replace(b"Subject", b"SUBJECT").replace(b"Message-ID", b"Message-Id"),
    "with headers in another order": MAIL.replace(b"To: r+abc@outreach.example\r\n", b"").replace(
        b"\r\n\r\nStop", b"\r\nTo: r+abc@outreach.example\r\n\r\nStop"
    ),
    "without the last blank line": MAIL.rstrip() + b"\r\n",
}
OTHER = {
    "another text": MAIL.replace(b"Stop.", b"Graag."),
    "another sender": MAIL.replace(b"anna@", b"eva@"),
    "another Message-ID": MAIL.replace(b"<1@", b"<2@"),
    "another recipient": MAIL.replace(b"r+abc@", b"r+abd@"),
    "a second From": b"From: eva@winkel.example\r\n" + MAIL,
    "a header that became text": MAIL.replace(b"Subject:", b"\r\nSubject:"),
}


@pytest.mark.parametrize("copy", SAME.values(), ids=SAME.keys())
def test_a_copy_is_the_same_mail(copy: bytes) -> None:
    assert essence(copy) == essence(MAIL)


@pytest.mark.parametrize("other", OTHER.values(), ids=OTHER.keys())
def test_what_says_something_else_is_another_mail(other: bytes) -> None:
    assert essence(other) != essence(MAIL)


def test_without_a_message_id_only_the_same_bytes_are_the_same_mail() -> None:
    assert essence(MAIL.replace(b"Message-ID", b"X-Id")) is None
    assert essence(MAIL.replace(b"<1@winkel.example>", b"")) is None


def test_a_mail_that_is_all_head_has_none() -> None:
    assert essence(b"X-Long: x\r\n" + b" y\r\n" * 100_000 + MAIL) is None


@given(st.binary(max_size=300))
def test_any_bytes_have_an_answer(raw: bytes) -> None:
    assert len(essence(raw) or "0" * 64) == 64
