"""What a no or a not-yet of the gate means for a sequence."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from crm.permission.findings import Decision, Verdict
from crm.permission.reasons import Mender, Reason
from crm.queries.gate.recipients import Recipient
from crm.sequences.models import StopReason
from crm.sequences.planner import release_at

SOON: Final = timedelta(minutes=15)
"""When to ask again what ends without notice: a pause of ours, a domain nobody asked about yet."""

OUR_PAUSES: Final = frozenset({Reason.EVERYTHING_PAUSED, Reason.MAILBOX_PAUSED, Reason.SEQUENCE_PAUSED})
_ASK_SOON: Final = OUR_PAUSES | {Reason.DOMAIN_UNCHECKED}
MAY_BEGIN: Final = _ASK_SOON | {Reason.WROTE_RECENTLY, Reason.SNOOZED}
"""Waits with which somebody may be enrolled all the same: the planner waits for them."""

_STOPS: Final[Mapping[Reason, StopReason]] = MappingProxyType(
    {
        Reason.ADDRESS_REFUSED: StopReason.REFUSED,
        Reason.DOMAIN_REFUSED: StopReason.REFUSED,
        Reason.COMPANY_REFUSED: StopReason.REFUSED,
        Reason.SEQUENCE_REFUSED: StopReason.REFUSED,
        Reason.REPLIED: StopReason.REPLIED,
        Reason.CONVERTED: StopReason.CONVERTED,
        Reason.ADDRESS_BOUNCED: StopReason.BOUNCED,
    }
)


def codes(decision: Decision) -> str:
    """The reasons against it, for a column of 300 characters."""
    return " ".join(dict.fromkeys(finding.reason.value for finding in decision.against))[:300]


def stop_reason(decision: Decision) -> StopReason:
    """Why a sequence ends when the gate denies: a person's own word comes first."""
    for reason, stop in _STOPS.items():
        if decision.has(reason):
            return stop
    return StopReason.NOT_ALLOWED


def needs_a_person(decision: Decision) -> bool:
    """Tell whether waiting alone never helps: somebody has to decide."""
    if decision.verdict is not Verdict.WAIT:
        return False
    return any(
        finding.until is None and finding.reason not in _ASK_SOON and finding.mender is not Mender.TIME
        for finding in decision.against
    )


def held_by_us(decision: Decision) -> bool:
    """Tell whether a pause of ours is among what it waits for: then it grows late meanwhile."""
    return decision.verdict is Verdict.WAIT and any(one.reason in OUR_PAUSES for one in decision.against)


def next_look(decision: Decision, person: Recipient, *, seed: str, now: datetime) -> datetime:
    """When the gate is asked again after a wait: in the recipient's hours."""
    if decision.retry_at is not None:
        moment = max(decision.retry_at, now)
    elif all(one.reason in _ASK_SOON for one in decision.against):
        moment = now + SOON
    else:
        moment = now + timedelta(days=1)
    return release_at(moment, zone=person.zone, country=person.country or None, seed=seed)
