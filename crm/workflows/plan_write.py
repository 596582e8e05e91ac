"""Write down what was planned, in one transaction."""

from datetime import datetime

from sqlalchemy.orm import Session

from crm.conversations import tasks
from crm.conversations.models import TaskKind
from crm.delivery import outbox
from crm.domains import checks
from crm.queries.due_steps import DueStep, still_due
from crm.sequences import enrolments
from crm.workflows.plan_steps import Made, Pause
from crm.workflows.questions import QUESTIONS


def write(session: Session, made: Made, *, now: datetime) -> int:
    """Queue the mails and move the enrolments; how many mails were news.

    Whoever was stopped, paused or moved on since the snapshot is left alone. A step that another planner
    queued meanwhile is kept from being queued twice by its unique key.
    """
    live = still_due(session, made.steps)
    mails = [(step, message) for step, message in made.mails if step.enrolment_id in live]
    queued = outbox.queue_all(session, [message for _, message in mails], now=now)
    todo = [one for one in made.tasks if one.step.enrolment_id in live]
    for one in todo:
        tasks.ask(
            session,
            one.step.prospect_id,
            one.title,
            dedupe_key=_key("step", one.step),
            now=now,
            kind=TaskKind.STEP,
            enrolment_id=one.step.enrolment_id,
        )
    enrolments.hand_out(
        session, [*(step.enrolment_id for step, _ in mails), *(one.step.enrolment_id for one in todo)]
    )
    waits = {one.step.enrolment_id: one.until for one in made.waits}
    enrolments.wait_until(session, {key: until for key, until in waits.items() if key in live})
    for stop in made.stops:
        if stop.step.enrolment_id in live:
            enrolments.stop(session, [stop.step.enrolment_id], stop.reason, at=now, detail=stop.detail)
    for pause in made.pauses:
        if pause.step.enrolment_id in live:
            _pause(session, pause, now)
    enrolments.finish(
        session, [one.enrolment_id for one in made.finished if one.enrolment_id in live], at=now
    )
    checks.want(session, made.unchecked)
    return queued


def _pause(session: Session, pause: Pause, now: datetime) -> None:
    step = pause.step
    enrolments.pause(session, [step.enrolment_id], pause.reason, at=now, detail=pause.detail)
    tasks.ask(
        session,
        step.prospect_id,
        QUESTIONS[pause.reason],
        dedupe_key=_key(pause.reason.value, step),
        now=now,
        enrolment_id=step.enrolment_id,
    )


def _key(cause: str, step: DueStep) -> str:
    return f"{cause}:{step.enrolment_id}:{step.position}"
