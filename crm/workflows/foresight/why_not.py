"""Why (not)? The next mail to somebody and its time, or every reason in order. Reads only.

It asks what the planner and the sender ask, in their order, as of one moment: what would happen if both
looked now. Whoever stands in front in the same mailbox is reckoned with as far as their mail is written.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from crm.kernel.settings import Settings
from crm.operations import alarms
from crm.queries.gate.facts import Question, facts_batch
from crm.queries.sending import whereabouts
from crm.queries.sending.due_steps import earlier_mails
from crm.queries.sending.whereabouts import Place, Waiting
from crm.sequences import versions
from crm.sequences.approval import holds_for
from crm.workflows.foresight.why_look import Look
from crm.workflows.foresight.why_told import Outlook
from crm.workflows.planning.next_words import next_words
from crm.workflows.planning.plan_questions import boxes_of


def outlooks(
    session: Session, prospect_ids: Collection[int], *, now: datetime, settings: Settings
) -> dict[int, Outlook]:
    """What comes next for each; who is gone is left out."""
    wanted = list(dict.fromkeys(prospect_ids))
    places = whereabouts.places(session, wanted)
    ids = [one.enrolment_id for one in places.values()]
    heads = versions.heads(session, {one.sequence_id for one in places.values()})
    earlier = earlier_mails(session, ids)
    boxes = boxes_of(places.values(), heads, earlier)
    waiting = whereabouts.waiting(session, ids)
    questions = [_question(one, places.get(one), boxes, waiting) for one in wanted]
    look = Look(
        session, now, heads, boxes, waiting, whereabouts.at_a_task(session, ids),
        versions.load(session, {one.version_id for one in places.values()}),
        whereabouts.rooms(session, now), frozenset(earlier), _approved(session, places.values(), earlier),
        {one.scope: one.kind for one in alarms.standing(session)},
    )  # fmt: skip
    found = {}
    for prospect_id, loaded in zip(wanted, facts_batch(session, questions, now, settings), strict=True):
        if loaded is not None:
            found[prospect_id] = look.at(loaded, places.get(prospect_id))
    return {one: replace(each, obstacles=look.with_causes(each)) for one, each in found.items()}


def _question(
    prospect_id: int, place: Place | None, boxes: Mapping[int, int], waiting: Mapping[int, Waiting]
) -> Question:
    asked = whereabouts.next_mail(prospect_id, place)
    if place is None:
        return asked
    message = waiting.get(place.enrolment_id)
    return replace(asked, mailbox_id=boxes[place.enrolment_id], message_id=message.id if message else None)


def _approved(session: Session, places: Collection[Place], written_to: Collection[int]) -> frozenset[int]:
    asked = {
        one.enrolment_id: one
        for one in places
        if one.first_waits and one.approved_at is not None and one.enrolment_id not in written_to
    }
    said = next_words(session, list(asked.values())) if asked else {}
    return frozenset(
        id_
        for id_, words in said.items()
        if holds_for(words, approved_at=asked[id_].approved_at, approved_words=asked[id_].approved_words)
    )
