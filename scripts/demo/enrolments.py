"""Whom the demo's colleagues put into a sequence, and on which day they begin."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from crm.kernel.addresses import EmailAddress
from crm.services import Services
from crm.workflows.series.enrol import enrol
from scripts.demo.cast import Ground, Person, cast
from scripts.demo.chance import share, weighted
from scripts.demo.history import spoken_for

A_SHOP: Final = 2
"""People at one webshop who are written to at the same time: as many as the gate lets in."""

_DAYS: Final = (
    *((0, 30.0), (1, 18.0), (2, 12.0), (3, 10.0), (4, 5.0)),
    *((7, 9.0), (8, 5.0), (9, 3.0), (14, 5.0), (15, 3.0)),
)
"""Days after the first morning, and how many begin then: the first week is the lively one."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """One person's start."""

    person: Person
    language: str
    day: int
    """Days after the first morning."""


def beginnings(seed: int) -> list[Beginning]:
    """Who begins when, in the order of the cast."""
    taken: dict[str, int] = {}
    found = []
    everybody = sorted(cast(seed), key=lambda person: share(seed, person.address, "order"))
    for person in everybody:
        language, shop = _language(person), person.shop.domain
        if language is None or shop in spoken_for() or taken.get(shop, 0) >= A_SHOP:
            continue
        taken[shop] = taken.get(shop, 0) + 1
        found.append(Beginning(person, language, weighted(_DAYS, seed, person.address, "begins")))
    return found


def _language(person: Person) -> str | None:
    """The sequence for somebody; None where there is none in their language, or where we may not write."""
    if not person.may_be_written_to:
        return None
    if person.shop.country == "DE" and person.ground is not Ground.CONSENT:
        return None  # the German letter thanks for a visit to the stand
    return person.language if person.language in {"nl", "de", "en"} else None


def enrol_everybody(
    services: Services,
    ids: Mapping[str, int],
    sequences: Mapping[str, int],
    *,
    seed: int,
    first_morning: datetime,
    by: Mapping[str, int],
) -> int:
    """Enrol them as the gate allows; how many are in."""
    groups: dict[tuple[str, int, int], list[int]] = {}
    for one in beginnings(seed):
        key = one.language, one.day, by[one.person.shop.country]
        groups.setdefault(key, []).append(ids[str(EmailAddress.parse(one.person.address))])
    count = 0
    for (language, day, colleague), people in sorted(groups.items()):
        with services.database.transaction() as session:
            done = enrol(
                session,
                people,
                sequences[language],
                by=colleague,
                now=services.clocks.calendar(),
                settings=services.settings,
                starts_at=first_morning + timedelta(days=day),
            )
        count += sum(one.is_in for one in done)
    return count
