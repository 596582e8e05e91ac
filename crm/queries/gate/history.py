"""What was written to people and what came back, many at once: the gate's `Past`."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import JSON, Executable, bindparam, func, select, text
from sqlalchemy.orm import Session

from crm.delivery.models import Message
from crm.kernel.digests import AddressDigest
from crm.kernel.prepared import Prepared, beside, one_of
from crm.privacy.models import Refusal, RefusalKey, RefusalScope
from crm.prospects.models import Prospect, SpellingKey, Status, StatusChange
from crm.sequences.models import Enrolment, EnrolmentState, StopReason

_p = Prospect.metadata.tables["prospects"].c
_e = Enrolment.metadata.tables["enrolments"].c
_m = Message.metadata.tables["messages"].c
_r = Refusal.metadata.tables["refusals"].c
_k = RefusalKey.metadata.tables["refusal_keys"].c
_s = SpellingKey.metadata.tables["spelling_keys"].c
_h = StatusChange.metadata.tables["status_changes"].c


class Active(NamedTuple):
    """A running or paused enrolment."""

    id: int
    prospect_id: int


@dataclass(slots=True)
class AtCompany:
    """What happened with one company's people."""

    answered: dict[int, datetime] = field(default_factory=dict)
    """When each of them last answered."""

    refused: dict[int, datetime] = field(default_factory=dict)
    active: list[Active] = field(default_factory=list)

    def answered_by_others(self, prospect_id: int, since: datetime | None) -> datetime | None:
        """The newest answer of somebody else that nobody released."""
        return _newest_of_others(self.answered, prospect_id, since)

    def refused_by_others(self, prospect_id: int, since: datetime | None) -> datetime | None:
        """The newest no of somebody else that nobody released."""
        return _newest_of_others(self.refused, prospect_id, since)


def _newest_of_others(
    by_person: Mapping[int, datetime], prospect_id: int, since: datetime | None
) -> datetime | None:
    moments = [
        at for person, at in by_person.items() if person != prospect_id and (since is None or at > since)
    ]
    return max(moments, default=None)


_PEOPLE = Prepared(select(_p.company_id, _p.id, _p.last_reply_at).where(one_of(_p.company_id, "ids")))
_REFUSALS = Prepared(
    select(_p.company_id, _p.id, func.max(_r.refused_at))
    .select_from(Prospect.metadata.tables["prospects"])
    .join(SpellingKey.metadata.tables["spelling_keys"], _s.prospect_id == _p.id)
    .join(RefusalKey.metadata.tables["refusal_keys"], _k.digest == _s.digest)
    .join(Refusal.metadata.tables["refusals"], _r.id == _k.refusal_id)
    .where(one_of(_p.company_id, "ids"), _r.scope == RefusalScope.ADDRESS, _r.lifted_at.is_(None))
    .group_by(_p.company_id, _p.id)
)
_STILL_ACTIVE = text("enrolments.state IN ('running', 'paused')")  # in the words of the partial index


def _active(dialect: str) -> Executable:
    if dialect != "sqlite":
        return select(_e.id, _e.prospect_id).where(one_of(_e.prospect_id, "ids"), _STILL_ACTIVE)
    # SQLite takes any list for 25 long, and would rather read every enrolment that runs.
    statement = text(
        "SELECT id, prospect_id FROM enrolments INDEXED BY uq_enrolments_prospect_id_active"
        " WHERE prospect_id IN (SELECT value FROM json_each(:ids)) AND state IN ('running', 'paused')"
    )
    return statement.bindparams(bindparam("ids", type_=JSON))


_ACTIVE = Prepared(_active)


def at_companies(session: Session, company_ids: Collection[int]) -> dict[int, AtCompany]:
    """Answers, refusals and sequences at companies, by company."""
    found = {company_id: AtCompany() for company_id in company_ids}
    ids = list(found)
    employer: dict[int, int] = {}
    for company_id, person, answered_at in _PEOPLE.rows(session, ids=ids):
        employer[person] = company_id
        if answered_at is not None:
            found[company_id].answered[person] = answered_at
    for company_id, person, refused_at in _REFUSALS.rows(session, ids=ids):
        found[company_id].refused[person] = refused_at
    for enrolment_id, person in _ACTIVE.rows(session, ids=list(employer)):
        found[employer[person]].active.append(Active(enrolment_id, person))
    return found


_ENDED = Prepared(
    select(_e.prospect_id, func.max(_e.changed_at))
    .where(
        one_of(_e.prospect_id, "ids"),
        beside(_e.state) == EnrolmentState.FINISHED,
        _e.stop_reason == StopReason.COMPLETED,
    )
    .group_by(_e.prospect_id)
)


def ended_unanswered(session: Session, prospect_ids: Collection[int]) -> dict[int, datetime]:
    """When somebody's newest sequence ran to its end."""
    return dict(_ENDED.rows(session, ids=list(prospect_ids)))


_NOTICES = Prepared(
    select(_m.prospect_id, func.min(_m.sent_at))
    .where(one_of(_m.prospect_id, "ids"), beside(_m.notice_version) != "", _m.sent_at.is_not(None))
    .group_by(_m.prospect_id)
)


def notices(session: Session, prospect_ids: Collection[int]) -> dict[int, datetime]:
    """When people were first told who we are (GDPR article 14), by prospect."""
    return dict(_NOTICES.rows(session, ids=list(prospect_ids)))


_ADDRESSED = Prepared(
    select(_m.prospect_id, _m.address_digest).where(one_of(_m.prospect_id, "ids")).distinct()
)


def addressed(session: Session, prospect_ids: Collection[int]) -> dict[AddressDigest, int]:
    """The mailboxes our messages to these people went to: a former address of theirs as well."""
    return {digest: person for person, digest in _ADDRESSED.rows(session, ids=list(prospect_ids))}


def converted(session: Session, prospect_ids: Collection[int]) -> dict[int, datetime]:
    """When people became customers."""
    query = (
        select(_h.prospect_id, func.max(_h.changed_at))
        .where(_h.prospect_id.in_(prospect_ids), _h.became == Status.CONVERTED)
        .group_by(_h.prospect_id)
    )
    return dict(session.execute(query).all())
