"""Rehearse a sequence: who would be written to when, over the next weeks. Reads only.

Everything is read once; then the ticks of planner and sender are played in memory (`rehearsal_play`). The
trace is what the engine would do, event for event and tick for tick, as long as nothing else happens: nobody
answers, objects, is enrolled or changes a setting, and every mail is taken at the first try.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from crm.kernel.settings import Settings
from crm.sequences import versions
from crm.workflows.foresight.rehearsal_cast import Cast
from crm.workflows.foresight.rehearsal_play import Play
from crm.workflows.foresight.rehearsal_ticks import Ticks
from crm.workflows.foresight.rehearsal_told import Happening, Rehearsal
from crm.workflows.series.enrol import Asked

DAYS: Final = 90


def rehearse(  # noqa: PLR0913 - by name
    session: Session,
    sequence_id: int,
    prospect_ids: Sequence[int] | None,
    *,
    now: datetime,
    settings: Settings,
    days: int = DAYS,
    task_days: int = 0,
    asked: Sequence[Asked] | None = None,
    ticks: Ticks = Ticks(),  # noqa: B008 - a constant
) -> Rehearsal:
    """Play the newest version of a sequence for people who would be enrolled now, in this order.

    `prospect_ids` None: for those who are in it already, each in their own version. `task_days`: working days
    after which a task is done. `asked`: what the gate said of them just now, where it was asked before.

    Raises:
        NotFoundError: there is no such sequence, or nothing of it was published.
        ArchivedError: it was put away, and somebody should be enrolled.
    """
    version = versions.newest(session, sequence_id)
    cast = Cast(session, settings, now, now + timedelta(days=days), version)
    cast.load(prospect_ids, asked)
    play = Play(
        starts=now,
        ends=cast.ends,
        boxes=cast.boxes,
        actors=cast.actors,
        languages={one.id: one.language for one in cast.heads.values()},
        off=versions.switched_off(
            session, {one.version.id: one.version for one in cast.actors.values()}.values()
        ),
        ticks=ticks,
        task_days=task_days,
    )
    for actor in cast.at_a_task:
        play.await_task(actor, now)
    play.run(cast.resuming)
    return _told(cast, play, task_days)


def _told(cast: Cast, play: Play, task_days: int) -> Rehearsal:
    told = Rehearsal(
        starts=cast.now,
        ends=cast.ends,
        version=cast.version,
        people=cast.people,
        left=cast.left,
        assumed=replace(cast.assumed, task_days=task_days),
        paces={one.id: (one.pace, one.time_zone) for one in cast.boxes.values()},
    )
    for event in play.events:
        is_guest = cast.actors[event.enrolment_id].is_guest
        (told.events if is_guest else told.others).append(event)
        if event.what is Happening.MAIL and event.mailbox_id is not None:
            load = told.load if is_guest else told.load_of_others
            load[event.mailbox_id, cast.boxes[event.mailbox_id].day_of(event.at)] += 1
    ended = {Happening.STOPPED, Happening.PAUSED, Happening.FINISHED}
    over = {one.enrolment_id for one in told.events if one.what in ended}
    told.under_way = {one.enrolment_id for one in cast.actors.values() if one.is_guest} - over
    return told
