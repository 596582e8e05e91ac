"""What comes next for somebody, in words: the head of the page that says why, or why not."""

from datetime import datetime
from typing import Any, Final

from crm.permission.reasons import Mender
from crm.queries.gate.recipients import Recipient
from crm.web.staff import times
from crm.workflows.foresight.why_told import Next, Obstacle, Outlook, headline, next_step, say

_TONES: Final = {
    Next.LEAVES: ("Leaves now", "yes"),
    Next.LEAVING: ("Leaving", "yes"),
    Next.WAITS: ("Waits", "wait"),
    Next.STOPS: ("Stops", "no"),
    Next.ASKS: ("Asks", "wait"),
    Next.TASK: ("Task", "info"),
    Next.PASSES: ("Goes on", "info"),
    Next.ENDS: ("Ends", ""),
    Next.NOTHING: ("Nothing planned", ""),
}


def coming(outlook: Outlook, person: Recipient, now: datetime) -> dict[str, Any]:
    """The next step and its time, and everything in its way, in order."""
    word, tone = _TONES[outlook.next]
    return {
        "word": word,
        "tone": tone,
        "said": headline(outlook),
        "at": f"{next_step(outlook)} {_moment(outlook.at, person, now)}" if outlook.at else "",
        "series": outlook.place.series if outlook.place else "",
        "position": outlook.position,
        "bars": [_bar(one, outlook, person, now) for one in outlook.obstacles],
    }


def _bar(one: Obstacle, outlook: Outlook, person: Recipient, now: datetime) -> dict[str, Any]:
    said = say(one, outlook.decision)
    return {
        "title": said.title,
        "detail": said.detail,
        "mend": said.mend,
        "until": f"until {_moment(one.until, person, now)}" if one.until else "",
        "tone": "wait" if one.mender is Mender.TIME else "no",
    }


def _moment(at: datetime, person: Recipient, now: datetime) -> str:
    """Ours, and theirs where their clock shows something else."""
    there = at.astimezone(person.zone)
    ours = times.inside(times.short(at, now))
    return ours if there.utcoffset() == times.local(at).utcoffset() else f"{ours}, {there:%H:%M} there"
