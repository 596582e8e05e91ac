"""What stands around every staff page: the colleague, the places to go, the state of sending."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from flask import Flask, g, request, url_for

from crm.operations import pause_ends
from crm.queries.pages.frame import CAPPED, Counts, counts
from crm.queries.sending.leaving import EVERYTHING
from crm.staff.roles import Act, may
from crm.staff.sessions import Me
from crm.web import flashes
from crm.web.assets import asset
from crm.web.context import now, reading, services
from crm.web.staff import times

HOME: Final = ZoneInfo("Europe/Amsterdam")


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the side bar."""

    key: str
    label: str
    endpoint: str
    icon: str
    act: Act


PLACES: Final = (
    Place("today", "Today", "today.show", "inbox", Act.SEE),
    Place("prospects", "Prospects", "prospects.listing", "users", Act.SEE),
    Place("sequences", "Sequences", "sequences.listing", "route", Act.SEE),
    Place("approving", "To approve", "approving.listing", "mail-check", Act.ENROL),
    Place("leads", "Leads", "leads.listing", "handshake", Act.SEE),
    Place("mailbox", "Mailbox", "mailbox.listing", "mail", Act.SEE),
    Place("uncertain", "In doubt", "uncertain.listing", "circle-question-mark", Act.RESOLVE),
    Place("imports", "Import", "imports.listing", "upload", Act.IMPORT),
    Place("team", "Team", "team.listing", "user-cog", Act.STAFF),
    Place("settings", "Settings", "settings.show", "settings", Act.PAUSE),
)

LIVE: Final = frozenset({"today", "uncertain", "approving"})
"""Places with a number that changes by itself."""

_PARTS: Final = {
    "settings": "limits",
    "prospects": "prospect prospect_acts records mending writing enrolling second_addresses",
    "sequences": "sequence_editor sequence_publish sequence_shelf rehearsing trying",
    "approving": "rewording",
    "imports": "import_rows",
}
_PART_OF: Final[Mapping[str, str]] = MappingProxyType(
    {part: place for place, parts in _PARTS.items() for part in parts.split()}
)
"""Pages that have no place of their own in the side bar, and the place they are reached from."""


def _initials(name: str) -> str:
    parts = name.split()
    return "".join(part[0] for part in (parts[:1] + parts[-1:] if len(parts) > 1 else parts)).upper()


def _person(me: Me) -> dict[str, object]:
    return {"name": me.name, "role": me.role.value, "initials": _initials(me.name), "tint": me.id % 8}


def _nav(me: Me, numbers: Counts) -> list[dict[str, object]]:
    shown = {"today": numbers.today, "uncertain": numbers.uncertain, "approving": numbers.held}
    here = (request.endpoint or "").partition(".")[0]
    return [
        {
            "key": place.key,
            "label": place.label,
            "href": url_for(place.endpoint),
            "icon": place.icon,
            "count": shown.get(place.key) or "",
            "current": _PART_OF.get(here, here) == place.endpoint.partition(".")[0],
        }
        for place in PLACES
        if may(me.role, place.act)
    ]


def _sending(numbers: Counts) -> dict[str, object]:
    text = "Sending" if numbers.alive else "The scheduler does not run"
    if numbers.paused:
        ends_at = pause_ends.of(reading(), str(EVERYTHING))
        text = f"Paused until {times.inside(times.day(ends_at, now()))}" if ends_at else "Paused"
    local = max(numbers.next_at, now()).astimezone(HOME) if numbers.next_at else None
    return {
        "text": text,
        "used": numbers.used,
        "cap": numbers.cap,
        "paused": numbers.paused or not numbers.alive,
        "next_text": f"Next {local:%a} {local.day} {local:%b %H:%M}." if local else _waiting(numbers.held),
    }


def _waiting(held: int) -> str:
    if not held:
        return "Nothing waits."
    number = f"{CAPPED} or more" if held >= CAPPED else str(held)
    return f"{number} {'waits' if held == 1 else 'wait'} for approval."


def demo_clock() -> dict[str, object] | None:
    """In the demo: what the calendar says, and how fast it runs."""
    speed = services().clocks.speed
    if speed == 1:
        return None
    local = now().astimezone(HOME)
    return {
        "text": f"{local:%a} {local.day} {local:%b %Y %H:%M}",
        "iso": now().isoformat(timespec="milliseconds"),
        "speed": speed,
        "said": f"{speed:,.0f}",
    }


def _around() -> dict[str, Any]:
    me: Me | None = g.get("crm_me")
    if me is None:
        return {"asset": asset, "csrf_token": "", "flashes": []}
    numbers = counts(
        reading(),
        staff_id=me.id,
        resolves=may(me.role, Act.RESOLVE),
        day_ends=times.end_of_day(now()),
        now=now(),
        real_now=services().clocks.real(),
    )
    return {
        "asset": asset,
        "csrf_token": me.csrf_token,
        "me": _person(me),
        "can": lambda act: may(me.role, Act(act)),
        "nav": _nav(me, numbers),
        "sending": _sending(numbers),
        "demo_clock": demo_clock(),
        "flashes": flashes.shown(me),
        "logout_url": url_for("door.logout"),
        "jump_url": url_for("prospects.jump"),
        "around_url": url_for("around.show"),
    }


def register(app: Flask) -> None:
    """Give every template what its layout expects."""
    app.context_processor(_around)
