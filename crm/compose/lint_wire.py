"""The last look at a message before it may be claimed: the promises, read off the bytes that will leave."""

import enum
import html
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Final

from crm.compose.leftovers import leftovers
from crm.compose.lint import FALSE_REPLY, LOOPBACK
from crm.compose.markup import colon, same_words
from crm.compose.notices import objection
from crm.compose.wire import ForeignFormError, WireMail
from crm.kernel.controller import Controller
from crm.kernel.mail import MANNERS, Frame, Language, MailKind


class WireFault(enum.StrEnum):
    """Why a finished message may not leave."""

    FOREIGN_FORM = "foreign_form"
    HEADER_MISSING = "header_missing"
    HEADER_TWICE = "header_twice"
    HEADER_FORBIDDEN = "header_forbidden"
    NOT_ONE_RECIPIENT = "not_one_recipient"
    SUBJECT_EMPTY = "subject_empty"
    FALSE_REPLY = "false_reply"
    IDENTIFIER_ENCODED = "identifier_encoded"
    ONE_CLICK_MISSING = "one_click_missing"
    ONE_CLICK_FORBIDDEN = "one_click_forbidden"
    PARTS_DIFFER = "parts_differ"
    IDENTITY_INCOMPLETE = "identity_incomplete"
    IDENTITY_MISSING = "identity_missing"
    OBJECTION_MISSING = "objection_missing"
    OBJECTION_TOO_LOW = "objection_too_low"
    RIGHTS_LINK_MISSING = "rights_link_missing"
    PLACEHOLDER = "placeholder"
    INSECURE_LINK = "insecure_link"
    HIDDEN_LINK = "hidden_link"
    PIXEL = "pixel"
    MARKUP = "markup"


REQUIRED: Final = ("from", "to", "subject", "date", "message-id", "mime-version", "content-type")
FORBIDDEN: Final = ("cc", "bcc", "sender", "return-path", "disposition-notification-to", "precedence")
ONE_CLICK: Final = ("list-unsubscribe", "list-unsubscribe-post")
UNFOLDED: Final = ("message-id", "in-reply-to", "references", "feedback-id", *ONE_CLICK)
TAGS: Final = frozenset({"!doctype", "html", "head", "meta", "title", "body", "p", "br", "a", "img"})
"""A letter is paragraphs and links; `img` is judged apart."""

_RECIPIENT: Final = re.compile(r"<[^<>@,;\s]+@[^<>@,;\s]+>")
_LIST_UNSUBSCRIBE: Final = re.compile(
    r"<(https://[^<>\s]+|http://(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?/[^<>\s]*)>(?:,\s+<mailto:[^<>\s]+>)?"
)
_TAG: Final = re.compile(r"<\s*/?\s*([!A-Za-z]+)")
_ANCHOR: Final = re.compile(r'<a href="([^"]*)">([^<]*)</a>')
_PIXEL: Final = re.compile(r'<img src="[^"<>]+" width="1" height="1" alt="">\n</body></html>\s*\Z')


def lint_wire(
    wire: bytes, *, kind: MailKind, first_contact: bool, controller: Controller
) -> tuple[WireFault, ...]:
    """Every reason why these bytes may not leave; none means they may."""
    try:
        mail = WireMail.read(wire)
        subject = mail.subject
    except ForeignFormError:
        return (WireFault.FOREIGN_FORM,)
    found = [
        *_of_headers(mail, subject),
        *_of_one_click(mail, kind),
        *_of_markup(mail, kind),
        *_of_words(mail, subject),
    ]
    if MANNERS[kind].frame is Frame.LETTER and FALSE_REPLY.match(subject):
        found.append(WireFault.FALSE_REPLY)
    if MANNERS[kind].frame is not Frame.PLAIN:
        found += _of_identity(mail, controller)
    if MANNERS[kind].one_click:
        found += _of_rights(mail, first_contact=first_contact)
    return tuple(dict.fromkeys(found))


def _of_headers(mail: WireMail, subject: str) -> Iterator[WireFault]:
    names = mail.headers
    if any(name not in names for name in REQUIRED):
        yield WireFault.HEADER_MISSING
    if any(len(values) > 1 for values in names.values()):
        yield WireFault.HEADER_TWICE
    if any(name in names for name in FORBIDDEN):
        yield WireFault.HEADER_FORBIDDEN
    if not _RECIPIENT.fullmatch(mail.one("To")):
        yield WireFault.NOT_ONE_RECIPIENT
    if not subject.strip():
        yield WireFault.SUBJECT_EMPTY
    if any("=?" in mail.one(name) or "\n" in mail.one(name) for name in UNFOLDED):
        yield WireFault.IDENTIFIER_ENCODED


def _of_one_click(mail: WireMail, kind: MailKind) -> Iterator[WireFault]:
    if not MANNERS[kind].one_click:
        if any(name in mail.headers for name in ONE_CLICK):
            yield WireFault.ONE_CLICK_FORBIDDEN
    elif not _one_click_address(mail) or mail.one("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click":
        yield WireFault.ONE_CLICK_MISSING


def _of_markup(mail: WireMail, kind: MailKind) -> Iterator[WireFault]:
    tags = Counter(_TAG.findall(mail.html))
    if not TAGS.issuperset([tag.lower() for tag in tags]):
        yield WireFault.MARKUP
    images = sum(number for tag, number in tags.items() if tag.lower() == "img")
    if images and (images > 1 or not MANNERS[kind].pixel or not _PIXEL.search(mail.html)):
        yield WireFault.PIXEL
    for target, label in _ANCHOR.findall(mail.html):
        if "://" in label and label != target:
            yield WireFault.HIDDEN_LINK


def _of_words(mail: WireMail, subject: str) -> Iterator[WireFault]:
    if not same_words(mail.text, mail.html):
        yield WireFault.PARTS_DIFFER
    if leftovers(mail.text) or leftovers(subject):
        yield WireFault.PLACEHOLDER
    if any(_has_plain_web(part) for part in (mail.text, mail.html)):
        yield WireFault.INSECURE_LINK


def _has_plain_web(part: str) -> bool:
    at = part.find("://")
    while at >= 0:
        if part[max(at - 4, 0) : at].lower() == "http" and not LOOPBACK.match(part, at - 4):
            return True
        at = part.find("://", at + 3)
    return False


def _of_identity(mail: WireMail, controller: Controller) -> Iterator[WireFault]:
    if not controller.complete:
        yield WireFault.IDENTITY_INCOMPLETE
    values = [value.strip() for value in controller.values]
    if any(value not in mail.text or html.escape(value) not in mail.html for value in values):
        yield WireFault.IDENTITY_MISSING


def _of_rights(mail: WireMail, *, first_contact: bool) -> Iterator[WireFault]:
    """The link that stops it is in both parts; in a first message the objection stands alone, high enough."""
    stop = _one_click_address(mail)
    targets = [html.unescape(target) for target, _ in _ANCHOR.findall(mail.html)]
    if not stop or stop not in mail.text or stop not in targets:
        yield WireFault.RIGHTS_LINK_MISSING
    if not first_contact:
        return
    in_text = mail.text.split("\n\n")
    in_html = [_linked(each.partition("</p>")[0]) for each in mail.html.split("<p>")[1:]]
    places = [
        [
            at
            for at, paragraph in enumerate(paragraphs)
            if stop in paragraph and paragraph.replace(stop, "\x00") in _objections()
        ]
        for paragraphs in (in_text, in_html)
    ]
    if not all(places):
        yield WireFault.OBJECTION_MISSING
        return
    # The text's footer is its last paragraph, behind the dashes; in HTML the identity closes the letter.
    if places[0][0] >= len(in_text) - 1 or places[1][0] >= len(in_html) - 2:
        yield WireFault.OBJECTION_TOO_LOW


def _linked(paragraph: str) -> str:
    """A paragraph as it is shown; one without a link is no objection and need not be read."""
    return html.unescape(paragraph) if "<a " in paragraph else ""


def _one_click_address(mail: WireMail) -> str:
    match = _LIST_UNSUBSCRIBE.fullmatch(mail.one("List-Unsubscribe"))
    return match[1] if match else ""


@cache
def _objections() -> frozenset[str]:
    """The paragraph in all languages, as text and as unescaped HTML, with a mark where the link stands."""
    found: list[str] = []
    for language in Language:
        right, link = objection(language)
        found.append(f"{right.words}\n{link.words}{colon(language)}\x00")
        found.append(f'{right.words}<br>\n<a href="\x00">{link.words}</a>')
    return frozenset(found)
