"""The bytes of a message, from a skeleton that is built once and filled many times (D19).

Headers are put together by hand on purpose: the standard library's `EmailMessage` turns a long
List-Unsubscribe or In-Reply-To into encoded words, which kills one-click and threading, and costs twenty
times as much. The library's parser judges every line of this in the tests.
"""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2s
from html import escape
from typing import Final

from crm.compose import headers
from crm.compose.blocks import blocks, fill
from crm.compose.frame import FrameKey, rendered
from crm.compose.letter import Composed, Letter, LetterFaultError, Sender, require_whole
from crm.compose.markup import letter_html
from crm.compose.notices import Slot
from crm.kernel.mail import MANNERS
from crm.kernel.text import clean_block, one_line

ONE_CLICK: Final = "List-Unsubscribe=One-Click"
"""RFC 8058 section 3.1: the only value there is."""

_PART: Final = (
    '--{boundary}\r\nContent-Type: text/{kind}; charset="utf-8"\r\n'
    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
)


class Skeleton:
    """All that is the same in the messages of one sender in one frame."""

    def __init__(self, key: FrameKey, sender: Sender) -> None:
        self._one_click = MANNERS[key.kind].one_click
        self._from = ("From", headers.mailbox_with_name("From", sender.name, sender.address))
        frame = rendered(key)
        self._text = blocks(frame.text)
        self._html = blocks(frame.html)

    def fill(self, letter: Letter) -> Composed:
        """Write one message. The letter is one of those this skeleton was built for.

        Raises:
            LetterFaultError: a part is missing, or not for this kind of mail.
            UnsafeHeaderError: a value cannot stand in its header.
            UnencodableError: the recipient's address needs SMTPUTF8.
        """
        require_whole(letter)
        values = _values(letter)
        text, text_octets = fill(self._text, values)
        html, html_octets = fill(self._html, _as_html(values))
        head = self._headers(letter)
        wire = _wire(head, text_octets, html_octets, letter.message_id)
        return Composed(letter.subject, text, html, wire, tuple(head))

    def _headers(self, letter: Letter) -> list[tuple[str, str]]:
        head = [self._from]
        if letter.reply_to is not None:
            head.append(("Reply-To", f"<{headers.address(letter.reply_to)}>"))
        head += (
            ("To", f"<{headers.address(letter.recipient)}>"),
            ("Subject", headers.unstructured("Subject", letter.subject)),
            ("Date", headers.date(letter.date)),
            ("Message-ID", headers.message_id("Message-ID", letter.message_id)),
            ("MIME-Version", "1.0"),
        )
        if letter.in_reply_to is not None:
            head.append(("In-Reply-To", headers.message_id("In-Reply-To", letter.in_reply_to)))
        if letter.references:
            head.append(("References", headers.references(letter.references)))
        if self._one_click and letter.unsubscribe_url is not None:
            links = headers.list_unsubscribe(letter.unsubscribe_url, letter.unsubscribe_mailto)
            head += (("List-Unsubscribe", links), ("List-Unsubscribe-Post", ONE_CLICK))
        if letter.feedback_id is not None:
            head.append(("Feedback-ID", headers.token("Feedback-ID", letter.feedback_id)))
        if letter.auto_submitted is not None:
            head.append(("Auto-Submitted", headers.token("Auto-Submitted", letter.auto_submitted)))
        return head


def compose(letter: Letter) -> Composed:
    """Write one message; the skeleton is built at the first of its like. Raises as `Skeleton.fill` does."""
    return skeleton_for(FrameKey.of(letter), letter.sender).fill(letter)


@lru_cache(maxsize=256)
def skeleton_for(key: FrameKey, sender: Sender) -> Skeleton:
    """The skeleton of all letters with this frame and sender."""
    return Skeleton(key, sender)


def _values(letter: Letter) -> dict[str, str]:
    """What goes into the slots, as text."""
    body = clean_block(letter.body)
    if not body:
        raise LetterFaultError(("body",))
    return {
        Slot.SUBJECT: letter.subject,
        Slot.BODY: body,
        Slot.WHY: one_line(letter.why),
        Slot.SOURCE: one_line(letter.source),
        Slot.ABOUT: _page("about", letter.about_url),
        Slot.STOP: _page("unsubscribe", letter.unsubscribe_url),
        Slot.PIXEL: _page("pixel", letter.pixel_url),
    }


def _page(name: str, url: str | None) -> str:
    return "" if url is None else headers.web_address(name, url)


def _as_html(values: dict[str, str]) -> dict[str, str]:
    html = {slot: escape(value) for slot, value in values.items() if slot != Slot.BODY}
    html[Slot.BODY] = letter_html(values[Slot.BODY])
    return html


def _wire(head: Iterable[tuple[str, str]], text: bytes, html: bytes, message_id: str) -> bytes:
    # "=_" never occurs in quoted-printable, so no text can hold the boundary (RFC 2045 section 6.7).
    boundary = "=_" + blake2s(message_id.encode("ascii"), digest_size=12).hexdigest()
    lines = "".join([f"{name}: {value}\r\n" for name, value in head])
    opening = f'{lines}Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'
    return b"".join(
        (
            opening.encode("ascii"),
            _PART.format(boundary=boundary, kind="plain").encode("ascii"),
            text,
            _PART.format(boundary=boundary, kind="html").encode("ascii"),
            html,
            f"--{boundary}--\r\n".encode("ascii"),
        )
    )
