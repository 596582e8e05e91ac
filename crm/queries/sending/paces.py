"""How fast each mailbox may send: its own pace, under the owner's limit on any mailbox's day."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.delivery import mailboxes
from crm.delivery.mailboxes import Outlet
from crm.delivery.models import Mailbox
from crm.delivery.pacing import Pace
from crm.kernel.prepared import Prepared
from crm.operations.models import ChangedRule

_r = ChangedRule.metadata.tables["changed_rules"].c
_MOST = Prepared(select(_r.value).where(_r.name == "mails_a_mailbox_day_at_most"))


def most_a_day(session: Session) -> int | None:
    """The limit as the owner set it; None while nobody has: no mailbox was given more than the default."""
    rows = _MOST.rows(session)
    return rows[0][0] if rows else None


def open_outlets(session: Session) -> list[Outlet]:
    """Every mailbox that is not paused, with the pace that holds for it."""
    return mailboxes.open_outlets(session, most=most_a_day(session))


def paces(session: Session) -> dict[int, Pace]:
    """The pace that holds for each mailbox, paused ones included."""
    return mailboxes.paces(session, most=most_a_day(session))


def pace_of(row: Mailbox, most: int | None) -> Pace:
    """The pace that holds for a mailbox under `most_a_day`."""
    return Pace.of({name: getattr(row, name) for name in Pace.COLUMNS}, most=most)
