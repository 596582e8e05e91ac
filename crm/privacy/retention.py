"""How long a prospect's data is kept (P24)."""

from calendar import monthrange
from datetime import MAXYEAR, datetime


def months_after(moment: datetime, months: int) -> datetime:
    """The same day so many months later; the last of the month where that has no such day."""
    count = moment.year * 12 + moment.month - 1 + months
    year, month = min(count // 12, MAXYEAR), count % 12 + 1
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))


def erase_at(*, collected_at: datetime, answered_at: datetime | None, months: int) -> datetime:
    """When the data is due for erasure: `months` after collection, twice that after their last answer."""
    if answered_at is None:
        return months_after(collected_at, months)
    return months_after(answered_at, 2 * months)
