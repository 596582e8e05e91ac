"""Mail that a program wrote: out of office, gone, a ticket, a question of a filter (RFC 3834)."""

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from crm.replies.folding import fold
from crm.replies.reading import ReadMail
from crm.replies.returns import back_on
from crm.replies.verdicts import MailKind, Sub, Verdict

_FILE: Final = Path(__file__).with_name("automatic.toml")
_REPLY_MARK: Final = re.compile(r"^(?:(?:re|aw|antw|antwoord|tr|fwd?|wg|sv|rif|r)\s?(?:\[\d+\])?\s?:\s*)+")
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+|\n+")
_SHORT: Final = 2_000  # characters of the text in which a program says what it has to say
_ROBOTS: Final = frozenset({"root", "postmaster", "mailer-daemon"})
_PRECEDENCE: Final = frozenset({"auto_reply", "auto-reply", "autoreply"})
_ORDER: Final = (Sub.CHALLENGE, Sub.LEFT_COMPANY, Sub.MAILBOX_CLOSED, Sub.OUT_OF_OFFICE, Sub.TICKET)

_ABOUT_SOMEBODY: Final = frozenset({Sub.OUT_OF_OFFICE, Sub.LEFT_COMPANY, Sub.MAILBOX_CLOSED})


class _Rules(NamedTuple):
    subjects: re.Pattern[str]
    anywhere: re.Pattern[str]
    texts: Mapping[Sub, re.Pattern[str]]
    proof: re.Pattern[str]
    frame: re.Pattern[str]
    unread: re.Pattern[str]


def automatic_of(mail: ReadMail, words: str, received: date | None) -> Verdict | None:
    """The verdict on an answer that a program wrote; None when a person may have.

    Args:
        mail: the mail.
        words: its new text, without ours.
        received: the day it came in, for dates without a year; the mail's own Date when None.
    """
    evidence = _sign(mail) or _word(mail, words)
    if not evidence:
        return None
    folded = fold(f"{mail.subject}\n{words[:_SHORT]}")
    sub = next((sub for sub in _ORDER if _rules().texts[sub].search(folded)), None)
    subject = _REPLY_MARK.sub("", fold(mail.subject))
    if sub is None and (_rules().subjects.match(subject) or _rules().anywhere.search(subject)):
        sub = Sub.OUT_OF_OFFICE
    back = back_on(folded, mail.sent_on or received) if sub in _ABOUT_SOMEBODY else None
    if back is not None and _rules().texts[Sub.OUT_OF_OFFICE].search(folded):
        sub = Sub.OUT_OF_OFFICE  # whoever comes back on a day has not left: that is said of somebody else
    until = back if sub is Sub.OUT_OF_OFFICE else None
    return Verdict(MailKind.AUTOMATIC, sub or Sub.NONE, until=until, evidence=(evidence,))


def without_usual(words: str) -> str:
    """What a program says besides what programs say: `your mail will not be forwarded` refuses nothing."""
    usual = [*_rules().texts.values(), _rules().proof, _rules().frame]
    sentences = _SENTENCE.split(words)
    return " ".join(one for one in sentences if not any(pattern.search(fold(one)) for pattern in usual))


def without_unread(words: str) -> str:
    """All of it but that mail is not read or passed on: a no may share its sentence with an absence."""
    return _rules().unread.sub(" ", fold(words))


def absence_of(mail: ReadMail, words: str, received: date | None) -> Verdict | None:
    """A mail that says they are away and has no mark of a program: a person looks at it."""
    folded = fold(f"{mail.subject}\n{words[:_SHORT]}")
    if not _rules().texts[Sub.OUT_OF_OFFICE].search(fold(words[:_SHORT])):
        return None
    until = back_on(folded, mail.sent_on or received)
    if until is None and not _rules().frame.search(folded):
        return None
    return Verdict(MailKind.UNCLEAR, Sub.OUT_OF_OFFICE, until=until, evidence=("text.away",))


def topic_of(words: str) -> Sub:
    """What a person writes about that a program might have written as well: that somebody has left."""
    folded = fold(words[:_SHORT])
    topics = (Sub.LEFT_COMPANY, Sub.MAILBOX_CLOSED)
    return next((sub for sub in topics if _rules().texts[sub].search(folded)), Sub.NONE)


def _sign(mail: ReadMail) -> str:
    """A header that only programs set; several of them are weak and count together with another only."""
    if mail.sender and mail.sender.local.casefold() in _ROBOTS:
        return ""
    submitted = fold(mail.first("auto-submitted")).split(";")[0].split("(")[0].strip()
    if submitted and submitted != "no":
        return "header.auto_submitted"
    strong = {
        "header.autoreply": ("x-autoreply", "x-autorespond", "x-autoresponder", "x-mail-autoreply"),
        "header.apple": ("x-apple-action",),
    }
    for code, names in strong.items():
        if any(fold(mail.first(name)) not in {"", "no", "false"} for name in names):
            return code
    if fold(mail.first("precedence")) in _PRECEDENCE:
        return "header.precedence"
    suppress = "all" in fold(mail.first("x-auto-response-suppress"))
    if suppress and mail.first("x-ms-exchange-inbox-rules-loop"):
        return "header.exchange"
    return ""


def _word(mail: ReadMail, words: str) -> str:
    """A subject or sentence that programs write; without a header beside it only the plainest count."""
    rules = _rules()
    subject = _REPLY_MARK.sub("", fold(mail.subject))
    text = fold(words[:_SHORT])
    if rules.subjects.match(subject) or rules.anywhere.search(subject):
        return "subject.automatic"
    if rules.proof.search(text):
        return "text.automatic"
    if (
        rules.texts[Sub.OUT_OF_OFFICE].search(f"{subject}\n{text}")
        and len(set(rules.frame.findall(text))) > 1
    ):
        return "text.absence"
    is_weak = mail.has_null_sender or bool(mail.first("x-auto-response-suppress"))
    is_bulk = fold(mail.first("precedence")) in {"bulk", "junk", "list"} and not mail.headers.get("list-id")
    if (is_weak or is_bulk) and any(pattern.search(f"{subject}\n{text}") for pattern in rules.texts.values()):
        return "text.with_weak_header"
    return ""


@cache
def _rules() -> _Rules:
    found = tomllib.loads(_FILE.read_text("utf-8"))
    return _Rules(
        subjects=re.compile("|".join(found["subjects"]["out_of_office"])),
        anywhere=re.compile("|".join(found["subjects"]["anywhere"])),
        texts={Sub(sub): re.compile("|".join(words)) for sub, words in found["texts"].items()},
        proof=re.compile("|".join(found["proof"]["words"])),
        frame=re.compile("|".join(found["proof"]["frame"])),
        unread=re.compile("|".join(found["unread"]["phrases"])),
    )
