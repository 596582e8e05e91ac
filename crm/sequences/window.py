"""The hours in which mail may leave, on the recipient's own clock."""

from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from crm.kernel.workdays import SATURDAY
from crm.kernel.zones import instant

WORKING_WEEK: Final = frozenset(range(SATURDAY))


@dataclass(frozen=True, slots=True)
class SendWindow:
    """Days and hours on the recipient's wall clock; Monday to Friday, nine to five unless said otherwise.

    Raises:
        ValueError: no day, a day of the weekend, hours with a zone, or a close that is not after the opening.
    """

    days: frozenset[int] = WORKING_WEEK
    """0 is Monday, as `date.weekday()` counts. Never a Saturday or Sunday."""

    opens: time = time(9)
    closes: time = time(17)
    """The first moment that is too late."""

    def __post_init__(self) -> None:
        if not self.days or not self.days <= WORKING_WEEK:
            raise ValueError("a window opens on at least one day, Monday to Friday")
        if self.opens.tzinfo or self.closes.tzinfo or not self.opens < self.closes:
            raise ValueError("a window closes after it opens, on one day, on the recipient's clock")

    def on(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
        """When it opens and closes that day, in UTC; None when the clocks skip all of it.

        Whether the day is one of `days` is not asked.
        """
        return _hours(self.opens, self.closes, day, zone)

    def has(self, moment: datetime, zone: ZoneInfo) -> bool:
        """Tell whether the clock there shows one of the hours, whatever the day."""
        return self.opens <= moment.astimezone(zone).time() < self.closes


@lru_cache(maxsize=4_096)
def _hours(opens: time, closes: time, day: date, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    opening = instant(datetime.combine(day, opens), zone)
    closing = instant(datetime.combine(day, closes), zone)
    return (opening, closing) if opening < closing else None


OFFICE_HOURS: Final = SendWindow()
