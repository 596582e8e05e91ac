"""What an inbound mail is. Doubt pauses and asks: nothing that might be a no is ignored.

The order matters. Reports of machines come first, because bounces look automatic; then a no in
somebody's own words, which wins over everything below; then programs, newsletters and people.
"""

import re
from dataclasses import replace
from datetime import date
from typing import Final

from crm.replies import ours
from crm.replies.answers import Tone, tone_of, wants_more
from crm.replies.automatic import absence_of, automatic_of, topic_of, without_unread, without_usual
from crm.replies.bounces import bounce_of
from crm.replies.complaints import complaint_of
from crm.replies.folding import fold
from crm.replies.intents import Intent, intents
from crm.replies.later import later_on, puts_off
from crm.replies.ours import OwnWords
from crm.replies.quotes import without_disclaimer
from crm.replies.reading import ReadMail
from crm.replies.sentences import sentences_of
from crm.replies.tokens import TokenKind, find
from crm.replies.verdicts import MailKind, Scope, Sub, Verdict

_TONES: Final = {
    Tone.INTERESTED: Sub.INTERESTED,
    Tone.OTHER_DESK: Sub.OTHER_DESK,
    Tone.PLAIN: Sub.NONE,
    Tone.UNSURE: Sub.NONE,
}

_WAY_OUT: Final = re.compile(
    r"https?://|www\.|mailto:|\b(?:cli(?:ck|quez)|klik|klicken)\b|\bunsubscribe\W+here\b", re.IGNORECASE
)
"""How a newsletter leads to where one leaves it."""


def classify(
    mail: ReadMail, *, received: date | None = None, sent: str = "", is_known: bool = False
) -> Verdict:
    """Judge one mail.

    Args:
        mail: as `reading.read` gives it.
        received: the day it came in; only used for the year of days in out-of-office notes.
        sent: the plain text of the message it answers, when that is known: quoted without marks, it is
            taken out before the rest is judged.
        is_known: whether it comes from somebody we may write to; of theirs no word is left to a newsletter.
    """
    report = complaint_of(mail) or bounce_of(mail) or _receipt(mail)
    if report:
        return report
    if any(token.kind is TokenKind.UNSUBSCRIBE for token in find(mail)):
        return Verdict(MailKind.OPT_OUT, Sub.UNSUBSCRIBE, evidence=("token.unsubscribe",))
    own = ours.shipped() | OwnWords.of([sent]) if sent else ours.shipped()
    words = own.taken_out_of(mail.text).strip()
    said = intents(words) + _subject(mail)
    automatic = automatic_of(mail, words, received)
    if automatic:
        beside = intents(without_usual(words)) + intents(without_unread(words))
        return _held(automatic, beside + _subject(mail))
    if _is_newsletter(mail):
        newsletter = Verdict(MailKind.NEWSLETTER, evidence=("header.list",))
        # Help desks and groups mark what people write as a list does; a newsletter leads to its way out.
        return newsletter if not is_known and _WAY_OUT.search(words) else _held(newsletter, said)
    today = mail.sent_on or received
    until = later_on(fold(words), today)
    wish = (
        _mixed(_wish(said), words)
        or _not_now(words, said, until)
        or _doubt(mail, words, said, own)
        or absence_of(mail, words, received)
    )
    return _until(wish, until) if wish else _person(mail, words, until)


def _receipt(mail: ReadMail) -> Verdict | None:
    if mail.parts.report != "disposition-notification":
        return None
    return Verdict(MailKind.AUTOMATIC, Sub.READ_RECEIPT, evidence=("report.disposition",))


def _subject(mail: ReadMail) -> tuple[Intent, ...]:
    """A no in a subject that is their own: that of an answer repeats ours."""
    subject = mail.subject.rpartition(":")[2] if ":" in mail.subject[:8] else mail.subject
    said = intents(subject)
    is_answer = bool(mail.answers) or subject != mail.subject
    return tuple(intent for intent in said if not is_answer or intent.code.startswith("alone."))


def _held(automatic: Verdict, said: tuple[Intent, ...]) -> Verdict:
    """A program that says stop is looked at by a person; one that only says who to write to is not."""
    wishes = [intent for intent in said if not intent.is_weak and intent.sub is not Sub.DECLINED]
    if not wishes:
        return automatic
    evidence = (*dict.fromkeys(intent.code for intent in wishes), *automatic.evidence)
    return Verdict(MailKind.UNCLEAR, Sub.MIXED, until=automatic.until, evidence=evidence)


def _wish(said: tuple[Intent, ...]) -> Verdict | None:
    """A certain request about their data, or a certain no."""
    certain = [intent for intent in said if intent.is_certain]
    rights = [intent for intent in certain if intent.is_rights]
    stops = [intent for intent in certain if intent.sub is not Sub.DECLINED]
    chosen = rights or stops or certain
    if not chosen:
        return None
    kind = MailKind.RIGHTS if rights else MailKind.OPT_OUT
    everyone = any(intent.scope is Scope.COMPANY for intent in certain)
    return Verdict(
        kind,
        chosen[0].sub,
        scope=Scope.COMPANY if everyone else Scope.ADDRESS,
        evidence=tuple(dict.fromkeys(intent.code for intent in (*chosen, *certain))),
    )


def _not_now(words: str, said: tuple[Intent, ...], until: date | None) -> Verdict | None:
    """Whoever puts us off in as many words, and says nothing plainer."""
    if (
        not said
        or any(not one.is_weak for one in said)
        or not puts_off(fold(words), has_day=until is not None)
    ):
        return None
    return Verdict(MailKind.UNCLEAR, Sub.NOT_NOW, until=until, evidence=("later.not_now", said[0].code))


def _mixed(wish: Verdict | None, words: str) -> Verdict | None:
    """Whoever says no and asks for a price or a call is asked what they mean."""
    if wish is None or wish.kind is MailKind.RIGHTS or not wants_more(sentences_of(fold(words))):
        return wish
    return Verdict(MailKind.UNCLEAR, Sub.MIXED, evidence=("tone.interested", *wish.evidence))


def _doubt(mail: ReadMail, words: str, said: tuple[Intent, ...], own: OwnWords) -> Verdict | None:
    """Whatever keeps us from calling it a person's ordinary answer."""
    hedged = sorted(said, key=lambda intent: intent.is_weak)
    if hedged:
        first = hedged[0]
        sub = Sub.WORD if first.is_weak else first.hedge
        return Verdict(MailKind.UNCLEAR, sub, evidence=tuple(intent.code for intent in hedged))
    below = [
        one for one in intents(own.taken_out_of(without_disclaimer(mail.body.signature))) if one.is_certain
    ]
    if below:
        return Verdict(MailKind.UNCLEAR, Sub.QUOTED, evidence=tuple(one.code for one in below))
    if mail.broken:
        return Verdict(MailKind.UNCLEAR, Sub.BROKEN, evidence=tuple(f"broken.{one}" for one in mail.broken))
    if not words:
        return Verdict(MailKind.UNCLEAR, Sub.EMPTY, evidence=("text.empty",))
    return None


def _is_newsletter(mail: ReadMail) -> bool:
    """Sent to many: marked as such, and no answer to one of our messages."""
    is_listed = any(name in mail.headers for name in ("list-id", "list-unsubscribe", "list-post"))
    is_bulk = mail.first("precedence").lower() in {"bulk", "list", "junk"}
    is_answer = bool(mail.answers) or any(token.kind is TokenKind.REPLY for token in find(mail))
    return (is_listed or is_bulk) and not is_answer


def _until(verdict: Verdict, until: date | None) -> Verdict:
    """Doubt that is only about now is shown with the day they named."""
    return replace(verdict, until=until) if verdict.sub is Sub.NOT_NOW else verdict


def _person(mail: ReadMail, words: str, until: date | None) -> Verdict:
    """Who puts us off is asked about, and so is whoever we cannot tell from somebody who says no."""
    tone = tone_of(words)
    if tone is not Tone.INTERESTED and puts_off(fold(words), has_day=until is not None):
        return Verdict(MailKind.UNCLEAR, Sub.NOT_NOW, until=until, evidence=("later.not_now",))
    topic = topic_of(words)
    if tone is Tone.UNSURE and topic is Sub.NONE:
        return Verdict(MailKind.UNCLEAR, Sub.UNSURE, until=until, evidence=("text.unsure",))
    evidence = ("person.answer" if mail.answers else "person.text", f"tone.{tone}")
    return Verdict(
        MailKind.PERSON, topic if topic is not Sub.NONE else _TONES[tone], until=until, evidence=evidence
    )
