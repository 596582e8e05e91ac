"""The gate inside the claim: everything is read again right before a message may leave (D1, D2, I01)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy.orm import Session

from crm.conversations import tasks
from crm.delivery import claims, outbox, results
from crm.delivery.claims import MARGIN, Claim
from crm.delivery.models import MessageState
from crm.delivery.outbox import UNASKED
from crm.delivery.results import Held
from crm.kernel.faults import point
from crm.kernel.settings import Settings
from crm.permission.decide import decide
from crm.permission.findings import Decision, Verdict
from crm.permission.record import to_record
from crm.queries.facts import Loaded, Question, facts_batch
from crm.queries.house import House, house
from crm.queries.outgoing import InHand, in_hand, planned_twice
from crm.queries.recipients import Recipient
from crm.queries.strangers import stranger_facts
from crm.sequences import enrolments
from crm.sequences.models import EnrolmentState, StopReason
from crm.sequences.planner import is_too_late
from crm.workflows.questions import QUESTIONS
from crm.workflows.verdicts import codes, needs_a_person, next_look, stop_reason

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
    """Put back as they were: the lease is nearly over, or their sequence is paused."""

    replan: dict[int, datetime] = field(default_factory=dict)
    """Steps to be made anew by then."""

    stops: list[tuple[InHand, StopReason, str]] = field(default_factory=list)
    pauses: list[tuple[InHand, StopReason, str]] = field(default_factory=list)


def ask_again(
    session: Session,
    ids: Sequence[int],
    claim: Claim,
    *,
    now: datetime,
    real_now: datetime,
    settings: Settings,
) -> list[Leaving]:
    """Judge a handful on fresh facts; those that may leave are marked as leaving, the caller commits.

    The others are withheld or put back here, with their slots. What is no longer ours is passed over.
    """
    if claim.lease_until - real_now < MARGIN:
        held = results.ours(session, ids, claim.id, state=MessageState.CLAIMED)
        results.put_back(session, list(held.values()), now=now, outcome="lease_over")
        return []
    judged = _judge(session, in_hand(session, ids, claim.id), now, settings)
    point("gate.after_read")
    leaving = [one.message.id for one in judged.leaving]
    marked = set(claims.mark_sending(session, leaving, claim.id, real_now=real_now, now=now))
    if len(marked) < len(ids):
        _write(session, judged, results.ours(session, ids, claim.id, state=MessageState.CLAIMED), now)
    return [one for one in judged.leaving if one.message.id in marked]


def _judge(session: Session, found: Sequence[InHand], now: datetime, settings: Settings) -> Judged:
    at_home = house(session, settings)
    known = [one for one in found if one.prospect_id is not None]
    loaded = facts_batch(session, [_question(one) for one in known], now, settings, known_house=at_home)
    facts = {one.id: each for one, each in zip(known, loaded, strict=True)}
    judged = Judged({one.id: one.enrolment_id for one in found if one.enrolment_id is not None})
    for one in found:
        person = facts.get(one.id)
        if one.prospect_id is None:
            _stranger(session, one, judged, at_home, now, settings)
        elif person is not None:
            _one(one, person, judged, now)
    if judged.replan:
        _keep_doubles(session, judged)
    return judged


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


def _one(one: InHand, loaded: Loaded, judged: Judged, now: datetime) -> None:
    person = loaded.recipient
    if one.enrolment_state is EnrolmentState.PAUSED:
        judged.back.append(one.id)
    elif one.enrolment_state not in {None, EnrolmentState.RUNNING}:
        judged.withheld[one.id] = ("sequence_stopped", {})
    elif person.mailbox is None or str(person.mailbox) != one.recipient:
        _stop(one, judged, StopReason.BLOCKED, "address_changed", {})
    elif one.kind in UNASKED and is_too_late(
        one.due_at, now, zone=person.zone, country=person.country or None
    ):
        _ask_a_person(one, judged, StopReason.TOO_LATE, "too_late")
    else:
        _by_gate(one, loaded, decide(loaded.facts, now), judged, now)


def _by_gate(one: InHand, loaded: Loaded, decision: Decision, judged: Judged, now: datetime) -> None:
    if decision.verdict is Verdict.ALLOW:
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


def _write(session: Session, judged: Judged, held: Mapping[int, Held], now: datetime) -> None:
    """Write down what does not leave, as far as it is still ours."""
    results.withhold(session, [held[one] for one in judged.withheld if one in held], judged.withheld, now=now)
    back = [*judged.back, *judged.later, *judged.replan]
    results.put_back(session, [held[one] for one in back if one in held], judged.later, now=now)
    anew = {judged.enrolment_of[one]: at for one, at in judged.replan.items() if one in held}
    if anew:
        # A frozen letter would be old by then: the step is written again, from fresh facts.
        outbox.take_back(session, enrolment_ids=list(anew))
        enrolments.wait_until(session, anew)
    for one, reason, detail in judged.stops:
        if one.id in held and one.enrolment_id is not None:
            enrolments.stop(session, [one.enrolment_id], reason, at=now, detail=detail)
    for one, reason, detail in judged.pauses:
        if one.id in held and one.enrolment_id is not None and one.prospect_id is not None:
            enrolments.pause(session, [one.enrolment_id], reason, at=now, detail=detail)
            tasks.ask(
                session,
                one.prospect_id,
                QUESTIONS[reason],
                dedupe_key=f"{reason.value}:{one.enrolment_id}:{one.position}",
                now=now,
                enrolment_id=one.enrolment_id,
            )
