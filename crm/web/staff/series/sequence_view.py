"""A sequence's page in words, from what the queries read."""

from collections.abc import Mapping
from typing import Any

from crm.delivery.guardrails import Record
from crm.kernel.readable import as_read
from crm.permission.budgets import Budgets
from crm.queries.pages.arms import Compared
from crm.queries.pages.funnel import Coming, Funnel, StepCount
from crm.queries.pages.on_their_way import Affected, OwnWords
from crm.queries.pages.versions_of import DraftBy, Published
from crm.sequences.models import EnrolmentState, StepKind
from crm.sequences.plain import NAMES
from crm.sequences.shape import Version
from crm.sequences.texts import Words
from crm.sequences.wilson import FEWEST, Share
from crm.web.context import me, now
from crm.web.staff import times, words

ICONS = {StepKind.EMAIL: "mail", StepKind.TASK: "list-checks", StepKind.WAIT: "timer"}


def rate(part: int, whole: int) -> str:
    """`12 %`; nothing below ten, where a rate says nothing (P17)."""
    return f"{100 * part / whole:.0f} %" if whole >= FEWEST else ""


def between(share: Share) -> str:
    """`8 to 19 %`: where the true share is, with 95 % confidence."""
    if share.whole < FEWEST:
        return "no rate below 10"
    found = share.interval
    return f"{100 * found.low:.0f} to {100 * found.high:.0f} %"


def stats(found: Funnel, budgets: Budgets, records: Mapping[int, Record]) -> list[dict[str, Any]]:
    """The figures on top; of what goes wrong those that the guard judges, with the limits of this house.

    records: of each step, by where it stands, over the time that the guard looks back.
    """
    back = _worst({at: (one.bounced, one.sent) for at, one in records.items()}, budgets.bounce_rate, budgets)
    spam = _worst(
        {at: (one.complained, one.sent) for at, one in records.items()}, budgets.complaint_rate, budgets
    )
    written = found.people_written
    ever = [f"to {written} people"]
    if found.bounced:
        ever.append(f"{found.bounced} came back")
    if found.complained:
        ever.append(f"{found.complained} called spam")
    return [
        {
            "key": "Enrolled",
            "value": found.enrolled,
            "detail": f"{found.states.get(EnrolmentState.RUNNING, 0)} running",
        },
        {"key": "Mails sent", "value": found.sent, "detail": ", ".join(ever)},
        {"key": "Replied", "value": found.replied, "detail": between(Share(found.replied, written))},
        {"key": "Came back for good", **back},
        {"key": "Spam reports", **spam},
    ]


def _worst(steps: Mapping[int, tuple[int, int]], most: float, budgets: Budgets) -> dict[str, Any]:
    """The step that fares worst: `of 61 mails of step 1 in 7 days: 3.3 %, limit 2 % from 50 mails on`."""
    said = f"limit {100 * most:g} % from {budgets.rate_over_mails} mails on"
    span = budgets.rate_over.days
    days = f"in {span} day{'' if span == 1 else 's'}"
    if not steps:
        return {"value": 0, "detail": f"no mail {days}, {said}", "warn": False}

    def weight(pair: tuple[int, tuple[int, int]]) -> tuple[bool, float, int]:
        part, whole = pair[1]
        return whole >= budgets.rate_over_mails, part / (whole or 1), whole

    position, (part, whole) = max(steps.items(), key=weight)
    share = f": {100 * part / whole:.1f} %" if whole >= FEWEST else ""
    mails = f"{whole} mail{'' if whole == 1 else 's'}"
    is_reached = part > 0 and whole >= budgets.rate_over_mails and part >= most * whole
    return {
        "value": part,
        "detail": f"of {mails} of step {position} {days}{share}, {said}",
        "warn": is_reached,
    }


def funnel_rows(found: Funnel) -> list[dict[str, Any]]:
    """From enrolled to replied."""
    base, written, replied = found.enrolled, found.people_written, found.replied
    return [
        {"name": "Enrolled", "value": base, "tone": "", "rate": None},
        {"name": "Written to", "value": written, "tone": "info", "rate": rate(written, base)},
        {"name": "Replied", "value": replied, "tone": "plum", "rate": rate(replied, base)},
    ]


def exits(found: Funnel) -> list[dict[str, Any]]:
    """Who left or waits, and why, the most first."""
    return [
        {"name": words.STOPPED[reason].capitalize(), "value": number, "tone": "", "rate": None}
        for reason, number in sorted(found.exits.items(), key=lambda pair: -pair[1])
    ]


def step(one: StepCount, *, first: bool) -> dict[str, Any]:
    """A step of the rail."""
    row = one.step
    mail = row.kind is StepKind.EMAIL
    days = f"{row.delay} working day{'' if row.delay == 1 else 's'}"
    when = "at once" if first and not row.delay else f"after {days}"
    said = row.subject or ("same thread" if mail else row.body.partition("\n")[0][:80])
    next_up = (one.waiting, "wait here" if row.kind is StepKind.WAIT else "come next")
    return {
        "icon": ICONS[row.kind],
        "name": f"{row.position}. {NAMES[row.kind]}",
        "subject": "" if row.kind is StepKind.WAIT else said,
        "when": days if row.kind is StepKind.WAIT else when,
        "shares": [(one.sent, "yes"), (one.waiting, "info")],
        "label": f"{one.sent} sent, {one.waiting} come to it next",
        "numbers": [(one.sent, "sent"), next_up] if mail else [next_up],
    }


def coming(one: Coming, *, stands: bool) -> dict[str, Any]:
    """A line of what goes out next; while it stands still nobody knows when."""
    return {
        "when": "" if stands else times.short(one.at, now()),
        "id": one.prospect_id,
        "who": as_read(one.name),
        "what": f"{one.company}, step {one.position}",
        "word": "waits" if stands else "ready" if one.queued else "planned",
        "tone": "wait" if stands else "yes" if one.queued else "info",
    }


def comparison(found: Compared) -> dict[str, Any]:
    """The texts of a step beside each other, and whether one may be said to do better."""
    best = found.winner
    arms = [
        {
            "id": arm.variant.id,
            "letter": arm.variant.letter,
            "subject": _telling(arm.variant.words, [other.variant.words for other in found.arms]),
            "off": arm.is_off,
            "sent": arm.replied.whole,
            "replied": arm.replied.part,
            "between": between(arm.replied),
            "share": arm.replied.interval if arm.replied.whole >= FEWEST else None,
            "best": arm is best,
        }
        for arm in found.arms
    ]
    if best is not None:
        verdict = f"Text {best.variant.letter} gets more replies: its interval is above all others."
    elif any(arm.replied.whole < FEWEST for arm in found.judged):
        verdict = "Too early: each text needs ten people first."
    else:
        verdict = "No difference can be told yet: the intervals overlap."
    in_use = sum(not arm.is_off for arm in found.arms)
    return {"position": found.step.position, "arms": arms, "verdict": verdict, "in_use": in_use}


def _telling(text: Words, texts: list[Words]) -> str:
    """What tells one text from the others at a glance: its subject, else its first line that not all have."""
    if len({one.subject for one in texts}) > 1:
        return text.subject
    lines = [line for line in text.body.splitlines() if line.strip()]
    own = (line for line in lines if not all(line in one.body.splitlines() for one in texts))
    return next(own, lines[0] if lines else text.subject)


def version_line(one: Published) -> dict[str, Any]:
    """A line of the list of versions."""
    return {
        "number": one.number,
        "ago": times.ago(one.at, now()),
        "when": times.day(one.at, now()),
        "by": one.by,
        "active": one.active,
        "sent": one.sent,
    }


def draft_line(draft: DraftBy | None) -> dict[str, Any] | None:
    """Who saved the draft last, and when."""
    if draft is None:
        return None
    own = draft.kept.edited_by == me().id
    return {
        "revision": draft.kept.revision,
        "who": "you" if own else draft.name or "the command line",
        "own": own,
        "when": times.inside(times.ago(draft.kept.edited_at, now())),
    }


_OWN_WORDS = {
    OwnWords.KEPT: "; the words a colleague wrote for them stay",
    OwnWords.LOST: "; the words a colleague wrote for them are not used",
}


def affected_line(found: Affected, new: Version, numbers: dict[int, int]) -> dict[str, Any]:
    """Somebody whom a move would concern, and what it means for them."""
    one = found.one
    following = new.step(found.goes_on_at)
    if found.stays:
        then = "stays where they are: a mail of theirs is leaving"
    elif following is None:
        then = "nothing is left for them: it ends"
    else:
        then = f"goes on with step {following.position}, {NAMES[following.kind].lower()}"
    if found.own_words is not None and not found.stays:
        then += _OWN_WORDS[found.own_words]
    return {
        "id": one.prospect_id,
        "name": one.name,
        "company": one.company,
        "now": f"version {numbers.get(one.version_id, '?')}, step {one.position}",
        "paused": one.state is EnrolmentState.PAUSED,
        "then": then,
        "stays": found.stays,
    }
