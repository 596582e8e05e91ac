"""Steps of a batch over which the planner failed, one by one: one person's fault holds up no other."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from crm.kernel.db import Database
from crm.operations.alarms import PLANNER
from crm.queries.sending.due_steps import DueStep, standing, steps_of
from crm.workflows.planning.plan_faults import alone, are_to_blame, for_comparison, on_trial
from crm.workflows.planning.plan_made import Made
from crm.workflows.planning.plan_steps import make
from crm.workflows.planning.plan_write import Written, write
from crm.workflows.planning.write_letter import Desk
from crm.workflows.sending.lay_aside import lay_series_aside
from crm.workflows.sending.our_fault import alarm

Outcome = tuple[Made, Written]


def plan_alone(database: Database, desk: Desk, steps: Sequence[DueStep], *, now: datetime) -> list[Outcome]:
    """Plan each in a transaction of its own. Whoever fails is held, and somebody is asked.

    Raises:
        Exception: where no mail can be made, of these or of others. That is our fault: an alarm stands, and
            all stay due.
    """

    def one(enrolment_id: int) -> Outcome:
        made = _made(database, desk, enrolment_id, now)
        return made, database.repeated(partial(write, made=made, now=now))

    def could(enrolment_id: int) -> bool:
        made = _made(database, desk, enrolment_id, now)
        return on_trial(database, partial(write, made=made, now=now)).queued > 0

    done, errors = alone(one, [step.enrolment_id for step in steps])
    if not errors:
        return done
    with database.reading() as session:
        others = for_comparison(session, errors, now=now)
    if not any(written.queued for _, written in done) and not are_to_blame(errors, others, could):
        first = next(iter(errors.values()))
        alarm(database, PLANNER, first, now=now)
        raise first

    def ask(session: Session) -> None:
        live = standing(session, [step for step in steps if step.enrolment_id in errors]).waiting
        held = {
            (step.enrolment_id, step.prospect_id): errors[step.enrolment_id]
            for step in steps
            if step.enrolment_id in live
        }
        lay_series_aside(session, held, now=now)

    database.repeated(ask)
    return done


def _made(database: Database, desk: Desk, enrolment_id: int, now: datetime) -> Made:
    with database.reading() as session:
        return make(session, desk, steps_of(session, [enrolment_id]), now=now)
