"""Write down what was planned, in one transaction."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from crm.conversations import tasks
from crm.conversations.models import TaskKind
from crm.delivery import outbox
from crm.domains import checks
from crm.queries.sending.due_steps import standing
from crm.sequences import enrolments, pauses, versions
from crm.workflows.planning.plan_made import Basis, Made, Pause
from crm.workflows.sending.questions import QUESTIONS


class Written(NamedTuple):
    """What came of a batch, in steps."""

    queued: int
    lost: int
    """Left alone: they were no longer as they were when we looked."""


def write(session: Session, made: Made, *, now: datetime) -> Written:
    """Queue the mails and move the enrolments.

    Whoever was stopped, paused or moved on since the snapshot is left alone, and so is a step that another
    planner made meanwhile, or whose mail would say something else by now. A mail is kept from being queued
    twice by its unique key, not by this look.
    """
    changed = _changed(session, made.basis)
    here, live = standing(session, [step for step in made.steps if step.sequence_id not in changed])
    mails = [(step, message) for step, message in made.mails if step.enrolment_id in here]
    queued = outbox.queue_all(session, [message for _, message in mails], now=now)
    todo = [one for one in made.tasks if one.step.enrolment_id in live]
    for one in todo:
        tasks.ask(
            session,
            one.step.prospect_id,
            one.title,
            dedupe_key=step_key(one.step.enrolment_id, one.step.version_id, one.step.position),
            now=now,
            kind=TaskKind.STEP,
            enrolment_id=one.step.enrolment_id,
        )
    enrolments.hand_out(
        session, [*(step.enrolment_id for step, _ in mails), *(one.step.enrolment_id for one in todo)]
    )
    waits = [one for one in made.waits if one.step.enrolment_id in live]
    enrolments.wait_until(
        session,
        {one.step.enrolment_id: one.until for one in waits},
        late_from={one.step.enrolment_id: one.step.late_from for one in waits if one.ours},
    )
    for stop in made.stops:
        if stop.step.enrolment_id in live:
            enrolments.stop(session, [stop.step.enrolment_id], stop.reason, at=now, detail=stop.detail)
    for pause in made.pauses:
        if pause.step.enrolment_id in live:
            _pause(session, pause, now)
    enrolments.advance(
        session,
        {
            one.step.enrolment_id: (one.position, one.due_at)
            for one in made.passed
            if one.step.enrolment_id in live
        },
        at=now,
    )
    enrolments.finish(
        session, [one.enrolment_id for one in made.finished if one.enrolment_id in live], at=now
    )
    checks.want(session, made.unchecked)
    return Written(queued, len(made.steps) - len(live))


def _changed(session: Session, basis: Basis) -> set[int]:
    """Sequences that are not as they were read; locked, so that who changes one sees what we queue."""
    now = versions.first_waits(session, basis.first_waits)
    changed = {id_ for id_, waits in basis.first_waits.items() if now.get(id_) is not waits}
    turned = versions.switched_off(session, basis.plans.values()) ^ basis.off
    changed.update(
        version.sequence_id
        for version in basis.plans.values()
        if any(one.id in turned for step in version.steps for one in step.variants)
    )
    return changed


def _pause(session: Session, pause: Pause, now: datetime) -> None:
    step = pause.step
    pauses.pause(session, [step.enrolment_id], pause.reason, at=now, detail=pause.detail)
    tasks.ask(
        session,
        step.prospect_id,
        QUESTIONS[pause.reason],
        dedupe_key=_key(pause.reason.value, step.enrolment_id, step.version_id, step.position),
        now=now,
        enrolment_id=step.enrolment_id,
        again=True,
    )


def step_key(enrolment_id: int, version_id: int, position: int) -> str:
    """The cause of the task of a manual step: it is put on somebody's list once."""
    return _key("step", enrolment_id, version_id, position)


def _key(cause: str, enrolment_id: int, version_id: int, position: int) -> str:
    return f"{cause}:{enrolment_id}:{version_id}:{position}"
