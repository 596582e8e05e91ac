"""What the demo's colleagues did in the days before, through the program's own workflows."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from crm.audit.chain import Actor
from crm.conversations.models import NoteKind
from crm.kernel.addresses import EmailAddress
from crm.kernel.workdays import add_working_days
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Wish, keys_of
from crm.prospects.models import Status
from crm.services import Services
from crm.workflows.desk.log_note import Said, log_note
from crm.workflows.leads.convert import Converting, convert
from crm.workflows.people.change_status import change_status
from crm.workflows.refusals.refuse import Desk, Mailbox, refuse
from scripts.demo.cast import HERE, Person

AFTERNOON: Final = timedelta(hours=6)
"""From the opening of the office to when notes were written."""


@dataclass(frozen=True, slots=True)
class Past:
    """Who did it, and whom it was about."""

    services: Services
    first_morning: datetime
    ids: Mapping[str, int]
    """Prospects by address."""

    owners: Mapping[str, int]
    """Which colleague looks after a country."""


@cache
def entries() -> tuple[dict[str, Any], ...]:
    """The notes of `notes.toml`."""
    return tuple(tomllib.loads((HERE / "notes.toml").read_text("utf-8"))["note"])


def spoken_for() -> frozenset[str]:
    """Shops where somebody said yes or no already: nobody there is put into a sequence."""
    return frozenset(one["shop"] for one in entries() if {"yes", "refused", "status"} & one.keys())


def write_history(past: Past, people: Mapping[tuple[str, int], Person]) -> None:
    """Write all of it down, oldest first."""
    for one in sorted(entries(), key=lambda note: -int(note["days_ago"])):
        _note(past, one, people[one["shop"], one["slot"]])


def _note(past: Past, one: dict[str, Any], person: Person) -> None:
    at = past.first_morning - timedelta(days=one["days_ago"]) + AFTERNOON
    by, prospect_id = past.owners[person.shop.country], past.ids[str(EmailAddress.parse(person.address))]
    first = person.name.partition(" ")[0] or "They"
    said = Said(NoteKind(one["kind"]), one["text"].format(first=first), _due(past, one))
    with past.services.database.transaction() as session:
        log_note(session, prospect_id, said, by=by, now=at)
        if "status" in one:
            change_status(session, prospect_id, Status(one["status"]), by=by, at=at)
        if one.get("yes"):
            convert(session, prospect_id, _converting(past, at), by=Actor.staff(by))
    if one.get("refused"):
        _refused(past, person, at, by)


def _due(past: Past, one: dict[str, Any]) -> datetime | None:
    if "due" not in one:
        return None
    day = add_working_days(past.first_morning.date(), one["due"], None)
    return past.first_morning + timedelta(days=(day - past.first_morning.date()).days, hours=1)


def _converting(past: Past, at: datetime) -> Converting:
    services = past.services
    return Converting(
        ring=services.settings.keys.addresses,
        links=services.links,
        now=at,
        real_now=services.clocks.real(),
    )


def _refused(past: Past, person: Person, at: datetime, by: int) -> None:
    services = past.services
    ring = services.settings.keys.addresses
    desk = Desk(services.database, ring, services.journal, services.clocks.real, patience=0)
    wish = Wish(scope=RefusalScope.ADDRESS, reason=RefusalReason.BY_STAFF, channel="staff", at=at)
    refuse(desk, Mailbox(keys_of(ring, EmailAddress.parse(person.address))), wish, by=Actor.staff(by))
