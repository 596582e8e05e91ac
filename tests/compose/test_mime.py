"""Whole messages, judged by two parsers that are not ours (I39)."""

import email
import email.policy
import email.utils
import re
from email.message import EmailMessage, Message
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.compose.headers import UnsafeHeaderError
from crm.compose.letter import LetterFaultError, Sender
from crm.compose.markup import words_of, words_of_text
from crm.compose.mime import compose
from crm.kernel.addresses import EmailAddress
from crm.kernel.text import clean_block
from tests.compose.letters import PIXEL, STOP, first_letter, letter

LONG_STOP = "https://crm.foto.example/u/" + "Zz9-_" * 60
LONG_ID = f"<{'a1' * 60}@mail.foto.example>"
LOCALS = st.from_regex(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}(\.[A-Za-z0-9+_-]{1,10}){0,2}", fullmatch=True)
DOMAINS = st.from_regex(r"[a-z0-9]{1,10}(-[a-z0-9]{1,5}){0,2}\.(example|test)", fullmatch=True)
IDENTIFIERS = st.from_regex(r"<[A-Za-z0-9._\[\]=$!-]{1,120}@[a-z]{1,20}\.example>", fullmatch=True)
PIECES = st.sampled_from(
    [
        "\r\n",
        "\n",
        "\r",
        "\x00",
        "\u2028",
        "\x85",
        "\u202e",
        "Bcc: x@y.example",
        "=?utf-8?q?x?=",
        "é",
        "😀",
        "a",
        " ",
        ",",
        ";",
        "<",
        ">",
        '"',
        ":",
        "@",
        "\\",
        "--=_",
        ".",
        "\t",
    ]
)
ANYTHING = st.lists(PIECES, max_size=20).map("".join) | st.text(max_size=100)


def strict(wire: bytes) -> EmailMessage:
    message = email.message_from_bytes(wire, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def loose(wire: bytes) -> Message:
    return email.message_from_bytes(wire, policy=email.policy.compat32)


def part(message: Any, kind: str) -> str:
    content = message.get_body((kind,)).get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


@given(
    subject=ANYTHING,
    name=ANYTHING,
    body=ANYTHING,
    to=st.builds(EmailAddress, LOCALS, DOMAINS),
    parent=IDENTIFIERS,
    thread=st.lists(IDENTIFIERS, max_size=6),
)
def test_every_message_is_refused_or_has_exactly_the_intended_headers(
    subject: str, name: str, body: str, to: EmailAddress, parent: str, thread: list[str]
) -> None:
    wanted = first_letter(
        subject=subject,
        body=body,
        sender=Sender(name, EmailAddress("sanne", "foto.example")),
        recipient=to,
        in_reply_to=parent,
        references=tuple(thread),
        reply_to=EmailAddress("r+7qm2", "foto.example"),
        unsubscribe_url=LONG_STOP,
        feedback_id="s12:q3:outreach:foto",
        auto_submitted="auto-generated",
    )
    try:
        wire = compose(wanted).wire
    except (UnsafeHeaderError, LetterFaultError):
        return
    message = strict(wire)
    assert message.keys() == [
        "From",
        "Reply-To",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "MIME-Version",
        "In-Reply-To",
        *(["References"] if thread else []),
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "Feedback-ID",
        "Auto-Submitted",
        "Content-Type",
    ]
    assert [box.addr_spec for box in message["To"].addresses] == [str(to)]
    assert [box.addr_spec for box in message["From"].addresses] == ["sanne@foto.example"]
    assert message["Subject"] == subject
    assert [box.addr_spec for box in message["Reply-To"].addresses] == ["r+7qm2@foto.example"]
    plain = loose(wire)
    assert plain["In-Reply-To"] == parent
    assert (plain["References"] or "").split() == thread
    assert plain["List-Unsubscribe"] == f"<{LONG_STOP}>, <mailto:u+Xk3v9@foto.example>"
    assert plain["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert email.utils.getaddresses(plain.get_all("To", [])) == [("", str(to))]
    assert message["Date"].datetime == wanted.date


@given(ANYTHING)
def test_both_parts_arrive_whole_and_say_the_same(body: str) -> None:
    if not clean_block(body):
        return
    composed = compose(first_letter(body=body, pixel_url=PIXEL))
    message = strict(composed.wire)
    assert [each.get_content_type() for each in message.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    assert part(message, "plain").rstrip("\n") == composed.text
    assert part(message, "html").rstrip("\n") == composed.html
    assert composed.text.startswith(clean_block(body))
    assert words_of_text(composed.text) == words_of(composed.html)


@given(ANYTHING)
def test_the_wire_is_ascii_with_proper_line_ends_and_short_lines(body: str) -> None:
    wire = compose(letter(body=body + "x", message_id=LONG_ID)).wire
    assert wire.isascii()
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\x00", wire)
    assert all(len(line) <= 998 for line in wire.split(b"\r\n"))
    content = wire.partition(b"\r\n\r\n")[2]
    assert all(len(line) <= 78 for line in content.split(b"\r\n"))


@pytest.mark.parametrize("header", ["Message-ID", "In-Reply-To", "References", "List-Unsubscribe"])
def test_identifiers_and_links_are_never_folded_or_encoded(header: str) -> None:
    wire = compose(
        letter(message_id=LONG_ID, in_reply_to=LONG_ID, references=(LONG_ID,) * 3, unsubscribe_url=LONG_STOP)
    ).wire
    (line,) = [line for line in wire.split(b"\r\n") if line.startswith(f"{header}: ".encode())]
    assert b"=?" not in line
    assert line.endswith(b">")
    assert len(line) > 78


def test_the_headers_are_byte_for_byte_those_of_the_standard() -> None:
    wire = compose(
        letter(
            subject="Uw voorraad", reply_to=EmailAddress.parse("r+7@foto.example"), feedback_id="a:b:c:foto"
        )
    ).wire
    head = wire.partition(b"Content-Type:")[0].decode()
    assert head.split("\r\n") == [
        'From: "Sanne de Wit" <sanne@foto.example>',
        "Reply-To: <r+7@foto.example>",
        "To: <inkoop@winkel.example>",
        "Subject: Uw voorraad",
        "Date: Sun, 22 Nov 2026 09:00:00 +0000",
        "Message-ID: <k7q2@mail.foto.example>",
        "MIME-Version: 1.0",
        f"List-Unsubscribe: <{STOP}>, <mailto:u+Xk3v9@foto.example>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "Feedback-ID: a:b:c:foto",
        "",
    ]


def test_the_headers_for_other_ways_out_are_those_of_the_wire() -> None:
    composed = compose(letter())
    head = composed.wire.partition(b"Content-Type:")[0].decode()
    assert head == "".join(f"{name}: {value}\r\n" for name, value in composed.headers)


def test_without_a_mail_way_the_link_stands_alone() -> None:
    wire = compose(letter(unsubscribe_mailto=None)).wire
    assert f"\r\nList-Unsubscribe: <{STOP}>\r\n".encode() in wire
