"""The gate (D2): may this mail go to this recipient, now? One pure function with every reason."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from crm.kernel.mail import MailKind
from crm.permission.case import Case, Check
from crm.permission.facts import Facts
from crm.permission.findings import Decision, Finding
from crm.permission.ground import ground
from crm.permission.limits import acknowledgement, answers, limits
from crm.permission.mailbox import reachable, worth_a_first_mail
from crm.permission.papers import notice, place, relevance, retention, sender, source
from crm.permission.reasons import Reason, Weight
from crm.permission.stops import colleagues_no, open_request, pauses, refusals, restriction


def _staff(_case: Case) -> Iterator[Finding]:
    yield Finding(Reason.STAFF_MAIL, Weight.OK)


_WE_WRITE_FIRST: Final[tuple[Check, ...]] = (
    refusals,
    restriction,
    answers,
    open_request,
    colleagues_no,
    reachable,
    worth_a_first_mail,
    place,
    ground,
    source,
    relevance,
    notice,
    retention,
    sender,
    limits,
    pauses,
)
_BY_HAND: Final[tuple[Check, ...]] = (
    refusals,
    restriction,
    answers,
    open_request,
    colleagues_no,
    pauses,
)
"""Of hand work: what people said and what we switched off; nothing that only a mail needs."""

_THEY_WROTE_FIRST: Final[tuple[Check, ...]] = (refusals, restriction, reachable, pauses)

CHECKS: Final[Mapping[MailKind, tuple[Check, ...]]] = MappingProxyType(
    {
        MailKind.OUTREACH: _WE_WRITE_FIRST,
        MailKind.MANUAL: _WE_WRITE_FIRST,
        MailKind.REPLY: _THEY_WROTE_FIRST,
        MailKind.SIGNUP: _THEY_WROTE_FIRST,
        MailKind.RIGHTS: (reachable, acknowledgement, pauses),
        MailKind.STAFF: (_staff,),
    }
)
"""What is asked of each kind of mail (the table of `design.md` section 3), in the order of the reasons."""


def decide(facts: Facts, now: datetime) -> Decision:
    """Judge one mail. Asks everything that applies, returns every reason, never raises; the strictest wins.

    The same function answers at enrolment, at planning, inside the claim and on the prospect's page.
    """
    return _judge(CHECKS[facts.kind], facts, now)


def decide_by_hand(facts: Facts, now: datetime) -> Decision:
    """Judge whether a colleague may be asked to do something about this person: a manual step."""
    return _judge(_BY_HAND, facts, now)


def _judge(checks: tuple[Check, ...], facts: Facts, now: datetime) -> Decision:
    case = Case(facts, now)
    return Decision.of(finding for check in checks for finding in check(case))
