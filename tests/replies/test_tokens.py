"""Which message a mail belongs to, by the address it was really sent to."""

import pytest

from crm.replies.reading import read
from crm.replies.tokens import Token, TokenKind, find, returned
from tests.replies.mails import CORPUS, TOKEN, mail

REPLY = Token(TokenKind.REPLY, TOKEN)


@pytest.mark.parametrize(
    "header",
    [
        "Delivered-To",
        "X-Original-To",
        "Original-Recipient",
        "Envelope-To",
        "X-Envelope-To",
        "X-Forwarded-To",
        "Cc",
    ],
)
def test_forwarding_leaves_the_token_in_other_headers(header: str) -> None:
    assert find(mail("x", "x", f"{header}: rfc822; r+{TOKEN}@mail.p.example")) == (REPLY,)


@pytest.mark.parametrize(
    "to",
    [
        f"r+{TOKEN}@mail.p.example",
        f"<r+{TOKEN}@mail.p.example>",
        f"Produfoto <r+{TOKEN}@mail.p.example>",
        f"R+{TOKEN.upper()}@MAIL.P.EXAMPLE",
        f"jan@x.example, r+{TOKEN}@mail.p.example",
        f'"r+{TOKEN}@mail.p.example"',
        f"r%2B{TOKEN}@mail.p.example",
        f"prvs=1234abcd=r+{TOKEN}@mail.p.example",
        f"SRS0=ab=cd=p.example=r+{TOKEN}@forward.example",
        f"=?utf-8?q?r+{TOKEN}=40mail.p.example?=",
    ],
)
def test_the_token_is_found_however_the_address_is_written(to: str) -> None:
    assert find(mail("x", to=to)) == (REPLY,)


@pytest.mark.parametrize("letter", ["r", "b", "u"])
def test_every_kind_of_address_is_told_apart(letter: str) -> None:
    kinds = {"r": TokenKind.REPLY, "b": TokenKind.BOUNCE, "u": TokenKind.UNSUBSCRIBE}
    assert find(mail("x", to=f"{letter}+{TOKEN}@mail.p.example")) == (Token(kinds[letter], TOKEN),)


@pytest.mark.parametrize(
    "to",
    [
        "sales@p.example",
        "r+short@p.example",
        f"x+{TOKEN}@p.example",
        f"mr+{TOKEN}@p.example",
        f"r+{TOKEN}018@p.example",
    ],
)
def test_other_addresses_have_no_token(to: str) -> None:
    assert find(mail("x", to=to)) == ()


def test_one_token_in_many_headers_is_one() -> None:
    found = find(mail("x", "x", f"Delivered-To: r+{TOKEN}@p.example", to=f"r+{TOKEN}@p.example"))
    assert found == (REPLY,)


def test_the_unsubscribe_address_inside_a_returned_mail_was_pressed_by_nobody() -> None:
    for name in ("bounce.address.hard.user_unknown", "complaint.abuse.arf", "bounce.address.hard.qmail"):
        kinds = {token.kind for token in find(read((CORPUS / f"{name}.eml").read_bytes()))}
        assert TokenKind.UNSUBSCRIBE not in kinds


def test_a_returned_mail_tells_its_message_id() -> None:
    for name in ("bounce.address.hard.user_unknown", "complaint.abuse.arf"):
        found = returned(read((CORPUS / f"{name}.eml").read_bytes()))
        assert [one.endswith("@mail.produfoto.example") for one in found] == [True]


def test_any_number_of_recipients_is_read() -> None:
    assert find(mail("x", to=", ".join(f"a{n}@x.example" for n in range(500)))) == ()
