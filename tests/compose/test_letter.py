"""What a letter must have, and what it cannot have, whoever writes it (D10, P14)."""

from dataclasses import replace
from typing import Any

import pytest

from crm.compose.frame import FrameKey
from crm.compose.headers import UnencodableError, UnsafeHeaderError
from crm.compose.letter import LetterFaultError
from crm.compose.mime import Skeleton, compose, skeleton_for
from crm.kernel.addresses import EmailAddress
from crm.kernel.mail import Language, MailKind
from tests.compose.letters import ABOUT, CONTROLLER, PIXEL, STOP, first_letter, letter


@pytest.mark.parametrize("kind", [MailKind.RIGHTS, MailKind.STAFF])
def test_mail_that_is_no_outreach_has_no_one_click(kind: MailKind) -> None:
    assert b"list-unsubscribe" not in compose(letter(kind)).wire.lower()


@pytest.mark.parametrize("kind", [MailKind.OUTREACH, MailKind.MANUAL, MailKind.REPLY, MailKind.SIGNUP])
def test_mail_that_can_be_unwanted_has_one_click_and_both_links(kind: MailKind) -> None:
    composed = compose(letter(kind))
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in composed.wire
    for link in (STOP, ABOUT):
        assert link in composed.text
        assert f'href="{link}"' in composed.html


def test_the_pixel_is_the_last_thing_and_only_where_it_is_given() -> None:
    with_pixel = compose(letter(pixel_url=PIXEL)).html
    assert with_pixel.endswith(f'<img src="{PIXEL}" width="1" height="1" alt="">\n</body></html>')
    assert "<img" not in compose(letter()).html


@pytest.mark.parametrize("kind", [MailKind.REPLY, MailKind.SIGNUP, MailKind.RIGHTS, MailKind.STAFF])
def test_no_other_kind_of_mail_can_carry_a_pixel(kind: MailKind) -> None:
    with pytest.raises(LetterFaultError) as caught:
        compose(letter(kind, pixel_url=PIXEL))
    assert caught.value.parts == ("pixel_url",)


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"subject": " "}, "subject"),
        ({"body": "\n"}, "body"),
        ({"body": "\u200b"}, "body"),
        ({"why": ""}, "why"),
        ({"source": ""}, "source"),
        ({"unsubscribe_url": None}, "unsubscribe_url"),
        ({"about_url": None}, "about_url"),
        ({"grounds": None}, "grounds"),
        ({"retention": None}, "retention"),
    ],
)
def test_nothing_a_recipient_must_see_can_be_left_out(change: dict[str, Any], missing: str) -> None:
    with pytest.raises(LetterFaultError) as caught:
        compose(first_letter(**change))
    assert missing in caught.value.parts


def test_no_sender_without_identity() -> None:
    incomplete = type(CONTROLLER)("Foto", "", "NL1", "1234 AB X", "a@foto.example")
    with pytest.raises(LetterFaultError):
        compose(letter(controller=incomplete))


def test_an_address_that_plain_mail_cannot_carry_is_refused() -> None:
    with pytest.raises(UnencodableError):
        compose(letter(recipient=EmailAddress.parse("jörg@winkel.example")))


@pytest.mark.parametrize("field", ["unsubscribe_url", "about_url", "pixel_url"])
@pytest.mark.parametrize(
    "url",
    ["http://foto.example/x", 'https://a.example/"onload=', "https://a.example/\r\nX: y", "data:image/gif,x"],
)
def test_our_own_links_are_safe_or_refused(field: str, url: str) -> None:
    with pytest.raises(UnsafeHeaderError):
        compose(replace(letter(), **{field: url}))  # type: ignore[arg-type] # a table of fields


def test_a_skeleton_is_built_once_for_letters_alike() -> None:
    one, other = (
        letter(),
        letter(subject="Anders", body="Anders", recipient=EmailAddress.parse("b@c.example")),
    )
    assert skeleton_for(FrameKey.of(one), one.sender) is skeleton_for(FrameKey.of(other), other.sender)


def test_one_skeleton_fills_different_letters_without_a_trace_of_the_first() -> None:
    skeleton = Skeleton(FrameKey.of(letter()), letter().sender)
    first = skeleton.fill(letter(body="Alleen voor Anna"))
    second = skeleton.fill(letter(body="Alleen voor Bram"))
    assert "Anna" in first.text
    assert "Anna" not in second.wire.decode()


@pytest.mark.parametrize("language", Language)
def test_the_html_names_its_language(language: Language) -> None:
    assert f'<html lang="{language}">' in compose(letter(language=language)).html
