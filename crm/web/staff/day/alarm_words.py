"""Alarms in words: what stands still, why, and what to do about it."""

from collections.abc import Mapping
from typing import Any

from flask import url_for

from crm.kernel.mail import MailKind
from crm.operations import alarms
from crm.queries.pages.alarms import Standing
from crm.queries.sending.leaving import Reach
from crm.web.context import now
from crm.web.staff import times
from crm.web.staff.words import MAILBOX_PAUSED

_DOMAIN = "Put the record right where the domain is managed. It is looked at again every hour."
_TODO = {
    "bounces": "Look at where these addresses come from, and take out those that are old or guessed, "
    "before it goes on. Counting starts anew then.",
    "complaints": "Read this step as its readers do: why did they get it, and do they know us? Change the "
    "text or the choice of people before it goes on. Counting starts anew then.",
    "blocks": "Their servers refuse us, not their readers. Look at what they say beside the people "
    "concerned, and write less, or otherwise, before it goes on. Counting starts anew then.",
    "content": "Its mail is too big, or badly formed. Change the text, publish it, and resume it.",
    "our_proof": "Let the doctor command look at SPF, DKIM, DMARC and the reverse name of the server; "
    "put it right, then resume the mailbox.",
    "authentication": f"{_DOMAIN} The mailbox stays paused until somebody resumes it.",
    "authentication_soon": f"{_DOMAIN} Three days after it began the mailbox is paused.",
}
_SHARES = {
    "bounces": "came back",
    "complaints": "were reported as spam",
    "blocks": "were refused for what we are or wrote",
}
_FAILS = {
    "gate": ("Nothing leaves.", "every mail that is due", "five minutes"),
    "planner": ("The planner stands still.", "every step that is due, or every pause that ends", "minute"),
}
_TROUBLES = {
    "unreachable": "The mail server or service does not answer.",
    "tls_failed": "The mail server offers no safe connection.",
    "throttled": "The mail server or service says that we send too much.",
    "no_space": "There is no room left where the mail is put.",
    "out_of_time": "Handing over takes longer than it may.",
}
_PROVIDER = "Put it right (the doctor command looks at it), then resume the mailbox."


def of(one: Standing, *, may_resume: bool) -> dict[str, Any]:
    """One alarm, for the top of Today."""
    if one.message_id:
        return _laid_aside(one, may_resume=may_resume)
    if one.scope.reach is Reach.EVERYTHING:
        return _everything(one)
    if one.kind == alarms.AWAY:
        return _away(one)
    sequence = one.scope.reach is Reach.SEQUENCE
    if sequence:
        look, href = "Look at the sequence", url_for("sequences.show", sequence_id=one.scope.id)
        resume = url_for("sequences.pause", sequence_id=one.scope.id, verb="resume")
    else:
        look, href = "Mailboxes and limits", url_for("limits.show")
        resume = url_for("limits.pause", mailbox_id=one.scope.id, verb="resume")
    is_warning = one.kind == "authentication_soon"
    return {
        "title": f"{one.name} {'will be' if is_warning else 'is'} paused.",
        "why": _why(one),
        "todo": _TODO.get(one.kind, _PROVIDER),
        "look": look,
        "href": href,
        "resume": resume if may_resume and not is_warning else "",
        "press": "Resume",
    }


def _laid_aside(one: Standing, *, may_resume: bool) -> dict[str, Any]:
    is_rights = one.detail["mail"] == MailKind.RIGHTS.value
    return {
        "title": "An answer about somebody's own data was not sent." if is_rights else "A mail was not sent.",
        "why": f"The program failed over message {one.message_id} from {one.name} more than once and took it "
        "out of line. Whom it is for is no prospect, so no page of theirs shows it.",
        "todo": f"{'A legal time limit may run: answer' if is_rights else 'Write'} by hand, from your own "
        "mail program. The log says what went wrong.",
        "look": "Mailboxes and limits",
        "href": url_for("limits.show"),
        "resume": url_for("today.seen", message_id=one.message_id) if may_resume else "",
        "press": "Dealt with",
    }


def _away(one: Standing) -> dict[str, Any]:
    reason = _TROUBLES.get(one.detail["reason"], _TROUBLES["unreachable"])
    since = times.inside(times.short(one.at, now()))
    return {
        "title": f"Nothing leaves from {one.name}.",
        "why": f"{reason} So it is since {since}.",
        "todo": "Nobody's mail is lost: it is tried every quarter of an hour, and goes by itself when it "
        "can. What is days late by then is asked about. `./scripts/crm doctor` looks at the connection.",
        "look": "Mailboxes and limits",
        "href": url_for("limits.show"),
        "resume": "",
        "press": "",
    }


def _everything(one: Standing) -> dict[str, Any]:
    title, what, how_often = _FAILS.get(one.kind, _FAILS["gate"])
    return {
        "title": title,
        "why": f"The program fails over {what} ({one.detail.get('error', 'no name')}).",
        "todo": f"The log holds what went wrong. Nobody's mail is lost: it is tried again every {how_often}.",
        "look": "Settings",
        "href": url_for("settings.show"),
        "resume": "",
    }


def silent_inbox(since: str) -> dict[str, Any]:
    """Nobody answers, or nobody is heard: at the top of Today as well."""
    when = times.inside(since)
    return {
        "title": "Mail from outside is not read.",
        "why": f"The mailbox could not be opened since {when}. Answers wait there, a \u201cstop\u201d too.",
        "todo": "`./scripts/crm doctor` says what is wrong with it. Until then, consider a pause.",
        "look": "Mailboxes and limits",
        "href": url_for("limits.show"),
        "resume": "",
        "press": "",
    }


def _why(one: Standing) -> str:
    detail = one.detail
    if one.kind in _SHARES:
        share = 100 * detail["count"] / max(detail["sent"], 1)
        what = _SHARES[one.kind]
        figures = f"{detail['count']} of {detail['sent']} mails of step {detail['step']}"
        return f"{figures} {what} ({share:.1f} %)."
    if one.kind == "content":
        return f"A mail of step {detail['step']} came back for its size or its form ({_code(detail)})."
    if one.kind == "our_proof":
        return f"{why_paused(one.kind)} A mail came back for that ({_code(detail)})."
    if one.kind.startswith("authentication"):
        return str(detail.get("words", why_paused("authentication")))
    return why_paused(one.kind.removeprefix("mailbox_"))


def _code(detail: Mapping[str, Any]) -> str:
    return str(detail.get("code") or "no code")


def why_paused(code: str) -> str:
    """Why nothing leaves a mailbox, by the code of its pause; a colleague's own words come after it."""
    known, _, typed = code.partition(" ")
    said = MAILBOX_PAUSED.get(known)
    if said is None:
        return f"The program paused it: {code.replace('_', ' ')}."
    return f"{said} {typed}".strip()
