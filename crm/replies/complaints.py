"""Feedback reports: a mail provider passes on what its user did with our message (RFC 5965).

Many are redacted. What proves whose mail it was, what only names somebody, and what tells no more than
the text are kept apart: the first alone may change anything for good.
"""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Final, NamedTuple

from crm.kernel.addresses import EmailAddress
from crm.replies.folding import fold
from crm.replies.reading import ReadMail, address_in, decoded
from crm.replies.tokens import Token, tokens_in
from crm.replies.verdicts import MailKind, Sub, Verdict

_HARMLESS: Final = frozenset({"not-spam", "auth-failure", "dmarc"})

_SENT_FROM: Final = ("original-mail-from",)
_SENT_TO: Final = ("original-rcpt-to", "removal-recipient")
# Of the enclosed mail: only we write our tokens there, and whoever has them got them from us.
_OURS: Final = ("return-path", "reply-to", "list-unsubscribe")
_THEIRS: Final = ("to", "delivered-to", "x-original-to", "envelope-to")

_HOST: Final = re.compile(r"@([^\s<>@,;:()\[\]\"']{1,253})")
_LINK: Final = re.compile(r"/u/([a-z2-7]{16,255})(?![a-z0-9])", re.IGNORECASE)
_FEEDBACK_ID: Final = re.compile(r"step(\d{1,9}):seq(\d{1,9}):outreach:[a-z0-9]{1,15}")
_ABOUT: Final = re.compile(r"about\.step(\d{1,9})\.seq(\d{1,9})")


class Text(NamedTuple):
    """Which text of ours annoyed somebody."""

    sequence_id: int
    step_id: int


def complaint_of(mail: ReadMail) -> Verdict | None:
    """The verdict on a feedback report; None when the mail is none.

    Every type counts as a complaint but those that say the opposite or speak about our set-up.
    """
    if not is_report(mail):
        return None
    kinds = {fold(block["feedback-type"]).strip() for block in mail.parts.blocks if "feedback-type" in block}
    if kinds and kinds <= _HARMLESS:
        return Verdict(MailKind.AUTOMATIC, Sub.NOT_SPAM, evidence=("report.feedback_harmless",))
    return Verdict(MailKind.COMPLAINT, Sub.ABUSE, evidence=("report.feedback", *_about(mail)))


def is_report(mail: ReadMail) -> bool:
    """Tell whether it is a feedback report, of whatever type."""
    return mail.parts.report == "feedback-report"


def tokens_of(mail: ReadMail) -> tuple[Token, ...]:
    """Tokens that the report and the mail in it still carry, not verified."""
    return tokens_in(chain(_reported(mail, _SENT_FROM), _enclosed(mail, _OURS)))


def links_of(mail: ReadMail) -> tuple[str, ...]:
    """Tokens of the page for unsubscribing that the enclosed mail names, not verified."""
    values = _enclosed(mail, ("list-unsubscribe",))
    return tuple(dict.fromkeys(found.lower() for value in values for found in _LINK.findall(value)))


def recipients_of(mail: ReadMail) -> tuple[EmailAddress, ...]:
    """To whom the report says that the mail went, best first. No proof: anybody can write a report."""
    found = (address_in(value) for value in _told(mail))
    return tuple(dict.fromkeys(one for one in found if one is not None))


def domains_of(mail: ReadMail) -> tuple[str, ...]:
    """The domains it says that the mail went to, whatever is left before the @. No proof either."""
    hosts = (host for value in _told(mail) for host in _HOST.findall(value))
    found = (address_in(f"somebody@{host}") for host in hosts)
    return tuple(dict.fromkeys(one.domain for one in found if one is not None))


def text_in(evidence: str) -> Text | None:
    """Which text the report was about, by the evidence of its verdict; not looked up."""
    found = _ABOUT.search(evidence)
    return Text(sequence_id=int(found[2]), step_id=int(found[1])) if found else None


def _about(mail: ReadMail) -> tuple[str, ...]:
    """What Feedback-ID tells: the same for everybody who got this text, so it names nobody."""
    found = _FEEDBACK_ID.fullmatch(mail.parts.returned.get("feedback-id", "").strip().lower())
    return (f"about.step{found[1]}.seq{found[2]}",) if found else ()


def _told(mail: ReadMail) -> Iterator[str]:
    return chain(_reported(mail, _SENT_TO), _enclosed(mail, _THEIRS))


def _reported(mail: ReadMail, names: tuple[str, ...]) -> Iterator[str]:
    return (block[name] for name in names for block in mail.parts.blocks if name in block)


def _enclosed(mail: ReadMail, names: tuple[str, ...]) -> Iterator[str]:
    return (decoded(mail.parts.returned[name]) for name in names if name in mail.parts.returned)
