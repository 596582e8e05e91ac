"""What the gate says of claimed messages: which may leave, and what becomes of the others. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy.orm import Session

from crm.compose.unmeasured import without_pixel
from crm.compose.wire import ForeignFormError
from crm.delivery.outbox import UNASKED
from crm.kernel.mail import TrackingMode
from crm.kernel.settings import Settings, Tracking
from crm.permission.decide import decide
from crm.permission.facts import Facts
from crm.permission.findings import Decision, Verdict
from crm.permission.measuring import mode_of
from crm.permission.record import to_record
from crm.queries.gate.facts import Loaded, Question, facts_batch
from crm.queries.gate.house import House
from crm.queries.gate.recipients import Recipient
from crm.queries.gate.strangers import stranger_facts
from crm.queries.sending.outgoing import InHand, planned_twice
from crm.sequences.models import EnrolmentState, StopReason
from crm.sequences.planner import is_too_late
from crm.workflows.planning.verdicts import codes, needs_a_person, next_look, stop_reason

AN_HOUR: Final = timedelta(hours=1)
ACKNOWLEDGEMENT: Final = "ack:"
"""How the dedupe key of an automatic acknowledgement begins."""


class Leaving(NamedTuple):
    """A message that may leave, and to whom."""

    message: InHand
    person: Recipient | None
    """None for an address that is nobody's here."""


@dataclass(slots=True)
class Judged:
    """What becomes of the messages of a handful that do not leave."""

    enrolment_of: Mapping[int, int]
    leaving: list[Leaving] = field(default_factory=list)
    withheld: dict[int, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)
    later: dict[int, datetime] = field(default_factory=dict)
    """Put back, to leave at another moment."""

    back: list[int] = field(default_factory=list)
    """Put back as they were: something of ours is paused that they belong to."""

    replan: dict[int, datetime] = field(default_factory=dict)
    """Steps to be made anew by then."""

    unmeasured: dict[int, bytes] = field(default_factory=dict)
    """Put back with other bytes: their reader said no to the pixel that is in these."""

    stops: list[tuple[InHand, StopReason, str]] = field(default_factory=list)
    pauses: list[tuple[InHand, StopReason, str]] = field(default_factory=list)


def judge(
    session: Session, found: Sequence[InHand], now: datetime, settings: Settings, at_home: House
) -> Judged:
    """Ask the gate about claimed messages, on facts read in this transaction. Writes nothing."""
    known = [one for one in found if one.prospect_id is not None]
    loaded = facts_batch(session, [_question(one) for one in known], now, settings, known_house=at_home)
    facts = {one.id: each for one, each in zip(known, loaded, strict=True)}
    judged = Judged({one.id: one.enrolment_id for one in found if one.enrolment_id is not None})
    for one in found:
        person = facts.get(one.id)
        if _is_paused(one, at_home):
            judged.back.append(one.id)
        elif one.prospect_id is None:
            _stranger(session, one, judged, at_home, now, settings)
        elif person is not None:
            _one(one, person, judged, now, settings)
    if judged.replan:
        _keep_doubles(session, judged)
    return judged


def _is_paused(one: InHand, at_home: House) -> bool:
    """The flags, read again after the claim's commit (I12): whoever paused looks for our claim afterwards."""
    pauses = at_home.pauses(one.mailbox_id, one.sequence_id)
    return (
        pauses.everything or pauses.mailbox or pauses.sequence or one.enrolment_state is EnrolmentState.PAUSED
    )


def _keep_doubles(session: Session, judged: Judged) -> None:
    """A step that was planned twice is not made anew: the second message stays, for somebody to look into."""
    doubles = planned_twice(session, [judged.enrolment_of[one] for one in judged.replan])
    for one in [one for one in judged.replan if judged.enrolment_of[one] in doubles]:
        del judged.replan[one]
        judged.withheld[one] = ("planned_twice", {})


def _question(one: InHand) -> Question:
    assert one.prospect_id is not None  # the caller chose
    return Question(
        prospect_id=one.prospect_id,
        kind=one.kind,
        mailbox_id=one.mailbox_id,
        sequence_id=one.sequence_id,
        enrolment_id=one.enrolment_id,
        enrolled_at=one.enrolled_at,
        message_id=one.id,
        acknowledgement=_is_acknowledgement(one),
    )


def _one(one: InHand, loaded: Loaded, judged: Judged, now: datetime, settings: Settings) -> None:
    person = loaded.recipient
    if one.enrolment_state not in {None, EnrolmentState.RUNNING}:
        judged.withheld[one.id] = ("sequence_stopped", {})
    elif person.mailbox is None or str(person.mailbox) != one.recipient:
        _stop(one, judged, StopReason.BLOCKED, "address_changed", {})
    elif one.kind in UNASKED and is_too_late(
        one.late_from or one.due_at,
        now,
        zone=person.zone,
        country=person.country or None,
        after=loaded.facts.budgets.late_working_days,
    ):
        _ask_a_person(one, judged, StopReason.TOO_LATE, "too_late")
    else:
        _by_gate(one, loaded, decide(loaded.facts, now), judged, now, settings.tracking)


def _by_gate(
    one: InHand, loaded: Loaded, decision: Decision, judged: Judged, now: datetime, tracking: Tracking
) -> None:
    if decision.verdict is Verdict.ALLOW and _refuses_pixel(one, loaded.facts, tracking):
        _unmeasure(one, judged)
    elif decision.verdict is Verdict.ALLOW:
        judged.leaving.append(Leaving(one, loaded.recipient))
    elif decision.verdict is Verdict.DENY:
        _stop(one, judged, stop_reason(decision), codes(decision), to_record(decision))
    elif one.enrolment_id is None:
        judged.later[one.id] = decision.retry_at or now + AN_HOUR
    elif needs_a_person(decision):
        _ask_a_person(one, judged, StopReason.IN_DOUBT, codes(decision))
    else:
        seed = f"{one.enrolment_id}:{one.position}"
        judged.replan[one.id] = next_look(decision, loaded.recipient, seed=seed, now=now)


def _refuses_pixel(one: InHand, facts: Facts, tracking: Tracking) -> bool:
    """Tell whether it has a pixel that its reader said no to since it was written (D4)."""
    return one.tracking is not TrackingMode.OFF and mode_of(facts, tracking) is TrackingMode.OFF


def _unmeasure(one: InHand, judged: Judged) -> None:
    """A step is made anew, other mail loses its pixel. What is claimed never changes: it goes back first."""
    if one.enrolment_id is not None:
        judged.replan[one.id] = one.due_at
        return
    try:
        judged.unmeasured[one.id] = without_pixel(one.wire)
    except ForeignFormError:
        judged.withheld[one.id] = ("pixel", {})


def _ask_a_person(one: InHand, judged: Judged, reason: StopReason, detail: str) -> None:
    """The sequence waits for somebody's decision; without a sequence there is nothing to wait with."""
    if one.enrolment_id is None:
        judged.withheld[one.id] = (detail, {})
    else:
        judged.replan[one.id] = one.due_at
        judged.pauses.append((one, reason, detail))


def _stop(one: InHand, judged: Judged, reason: StopReason, detail: str, record: Mapping[str, Any]) -> None:
    judged.withheld[one.id] = (detail, record)
    if one.enrolment_id is not None:
        judged.stops.append((one, reason, detail))


def _stranger(
    session: Session, one: InHand, judged: Judged, at_home: House, now: datetime, settings: Settings
) -> None:
    facts = stranger_facts(
        session,
        settings.keys.addresses,
        one.recipient,
        one.kind,
        at_home,
        automatic=_is_acknowledgement(one),
    )
    decision = decide(facts, now)
    if decision.verdict is Verdict.ALLOW:
        judged.leaving.append(Leaving(one, None))
    elif decision.verdict is Verdict.DENY:
        judged.withheld[one.id] = (codes(decision), to_record(decision))
    else:
        judged.later[one.id] = decision.retry_at or now + AN_HOUR


def _is_acknowledgement(one: InHand) -> bool:
    return (one.dedupe_key or "").startswith(ACKNOWLEDGEMENT)
