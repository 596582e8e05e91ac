"""When the program has something to do next: by its own tables, which makes a run shorter, never kinder."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session

from crm.delivery.models import Message, MessageState
from crm.handoff.models import Lead, LeadState
from crm.kernel.prepared import Prepared
from crm.privacy.models import Erasure
from crm.prospects.import_models import Import, ImportState
from crm.replies.models import InboundMail, InboundState
from crm.sequences.models import Enrolment, EnrolmentState
from crm.workflows.planning.plan import AHEAD

_e = Enrolment.metadata.tables["enrolments"].c
_m = Message.metadata.tables["messages"].c
_l = Lead.metadata.tables["leads"].c
_i = Import.metadata.tables["imports"].c
_n = InboundMail.metadata.tables["inbound_mails"].c
_x = Erasure.metadata.tables["erasures"].c

_running = _e.state == EnrolmentState.RUNNING
_due = _m.state == MessageState.DUE
_held = or_(_m.state == MessageState.CLAIMED, _m.state == MessageState.SENDING)
_now, _ahead = bindparam("now", type_=_m.due_at.type), bindparam("ahead", type_=_m.due_at.type)


class Due(NamedTuple):
    """The next moment of the program, and whether something waits already."""

    at: datetime | None
    is_overdue: bool


def _first(
    column: ColumnElement[datetime | None], *where: ColumnElement[bool]
) -> ColumnElement[datetime | None]:
    return select(func.min(column)).where(*where).scalar_subquery()


def _query() -> Select[tuple[object, ...]]:
    overdue = or_(
        exists().where(_running, _e.next_due_at <= _ahead),
        exists().where(_due, _m.due_at <= _now),
        exists().where(_held, _m.lease_until <= _now),
        exists().where(_l.state == LeadState.QUEUED, _l.next_try_at <= _now),
        exists().where(
            _i.state == ImportState.RUNNING, or_(_i.lease_until.is_(None), _i.lease_until <= _now)
        ),
        exists().where(_n.state == InboundState.RECEIVED),
        exists().where(_x.finished_at.is_(None)),
    )
    return select(
        _first(_e.next_due_at, _running, _e.next_due_at > _ahead),
        _first(_m.due_at, _due, _m.due_at > _now),
        _first(_m.lease_until, _held, _m.lease_until > _now),
        _first(_e.resumes_at, _e.resumes_at > _now),
        _first(_l.next_try_at, _l.state == LeadState.QUEUED, _l.next_try_at > _now),
        _first(_i.lease_until, _i.state == ImportState.RUNNING, _i.lease_until > _now),
        select(overdue).scalar_subquery(),
    )


_DUE = Prepared(_query())


def next_due(session: Session, now: datetime) -> Due:
    """Look."""
    [(planned, *others, overdue)] = _DUE.rows(session, now=now, ahead=now + AHEAD)
    moments = [one for one in others if one is not None]
    if planned is not None:
        moments.append(planned - AHEAD)
    return Due(min(moments, default=None), bool(overdue))
