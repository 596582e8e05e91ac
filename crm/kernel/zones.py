"""Time zones of recipients: the named one, else their country's, else ours; and wall clocks made instants."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

FALLBACK: Final = "Europe/Amsterdam"

# The zone with the most businesses, for the countries of the permission table.
_OF_COUNTRY: Final = {
    "AT": "Europe/Vienna",
    "BE": "Europe/Brussels",
    "BG": "Europe/Sofia",
    "CA": "America/Toronto",
    "CH": "Europe/Zurich",
    "CY": "Asia/Nicosia",
    "CZ": "Europe/Prague",
    "DE": "Europe/Berlin",
    "DK": "Europe/Copenhagen",
    "EE": "Europe/Tallinn",
    "ES": "Europe/Madrid",
    "FI": "Europe/Helsinki",
    "FR": "Europe/Paris",
    "GB": "Europe/London",
    "GR": "Europe/Athens",
    "HR": "Europe/Zagreb",
    "HU": "Europe/Budapest",
    "IE": "Europe/Dublin",
    "IS": "Atlantic/Reykjavik",
    "IT": "Europe/Rome",
    "LI": "Europe/Vaduz",
    "LT": "Europe/Vilnius",
    "LU": "Europe/Luxembourg",
    "LV": "Europe/Riga",
    "MT": "Europe/Malta",
    "NL": "Europe/Amsterdam",
    "NO": "Europe/Oslo",
    "PL": "Europe/Warsaw",
    "PT": "Europe/Lisbon",
    "RO": "Europe/Bucharest",
    "SE": "Europe/Stockholm",
    "SI": "Europe/Ljubljana",
    "SK": "Europe/Bratislava",
    "US": "America/New_York",
}


class LocalZone(NamedTuple):
    """A recipient's zone, and whether it is a guess."""

    zone: ZoneInfo
    fell_back: bool
    """The name was missing or no zone: the country's, or Amsterdam's, stands in. To be shown."""


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(available_timezones()) - {"Factory", "localtime", "posixrules"}


def valid_zone(name: str | None) -> bool:
    """Tell whether this names a zone of the IANA database, spelled as it spells it."""
    return name is not None and name in _names()


@lru_cache(maxsize=4_096)
def zone_for(country: str | None, name: str | None = None) -> LocalZone:
    """The recipient's zone by its name, else by country (ISO 3166-1 alpha-2), else Europe/Amsterdam."""
    if name is not None and valid_zone(name):
        return LocalZone(ZoneInfo(name), fell_back=False)
    return LocalZone(ZoneInfo(_OF_COUNTRY.get(country or "", FALLBACK)), fell_back=True)


def instant(wall: datetime, zone: ZoneInfo, *, second: bool = False) -> datetime:
    """The moment, in UTC, at which a clock on the wall there shows this (naive) time.

    A time the clocks skip becomes the moment they jump: 02:30 means 03:00. A time they show twice
    is the first one, or the second when asked for.
    """
    found = wall.replace(tzinfo=zone, fold=int(second)).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None, fold=0) == wall.replace(fold=0):
        return found
    return _jump(wall, zone)


def _jump(wall: datetime, zone: ZoneInfo) -> datetime:
    """The moment the clocks jump over `wall`, to the second."""
    # Read with the offset after the jump, `wall` lies before it; with the one before, after it.
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC).replace(microsecond=0)
    after = wall.replace(tzinfo=zone, fold=0).astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
    old = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after


def local_day(now: datetime, name: str) -> date:
    """The calendar day it is in a zone; Amsterdam's when there is no such zone."""
    return now.astimezone(zone_for(None, name).zone).date()
