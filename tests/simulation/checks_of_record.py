"""What the tables may say at the end, and what they may not."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from tests.simulation.dump import EnrolmentRow
from tests.simulation.evidence import IN_HAND, Evidence
from tests.simulation.history import Answer, What, one_spelling

LEFT = frozenset({"sent", "delivered", "bounced", "complained"})
ENDED = LEFT | {"withheld", "rejected", "cancelled", "not_sent", "uncertain"}
TRIES = 5
_HOUR = timedelta(hours=1)


def lost(evidence: Evidence) -> Iterator[str]:
    """I03: everything is at its end, has a next moment ahead, or waits where a person sees it."""
    since = evidence.at - 4 * _HOUR
    paused = {one.id for one in evidence.dump.enrolments if one.state == "paused"}
    for row in evidence.dump.messages:
        waits = (
            row.state == "held" or row.enrolment_id in paused or (row.state == "due" and row.due_at > since)
        )
        if row.state not in ENDED and not waits:
            yield f"message {row.public_id} is {row.state} since {row.due_at}"
    for one in evidence.dump.enrolments:
        if not _is_found(evidence, one):
            yield f"enrolment {one.id} is {one.state} at step {one.position}, next {one.next_due_at}"
    yield from evidence.dump.unfinished


def _is_found(evidence: Evidence, one: EnrolmentRow) -> bool:
    since = evidence.at - 4 * _HOUR
    if one.state == "paused":
        return one.resumes_at is None or one.resumes_at > since
    if one.state != "running":
        return True
    if one.next_due_at is not None:
        return one.next_due_at > since
    here = {
        row.state
        for row in evidence.dump.messages
        if row.enrolment_id == one.id and row.position == one.position
    }
    return bool(here & {"due", "held", "uncertain"}) or one.id in evidence.dump.open_tasks


def invented(evidence: Evidence) -> Iterator[str]:
    """I04: sent means that an acceptance was read, rejected that a no was; or somebody outside said so."""
    for row in evidence.dump.messages:
        entries = evidence.entries.get(row.public_id, [])
        answers = [one.answer for one in entries]
        reports = evidence.reported.get(row.public_id, [])
        counted = any(one.detail == "count_as_sent" for one in evidence.decided.get(row.public_id, ()))
        if row.state in LEFT and not (Answer.ACCEPTED in answers or reports or counted):
            yield f"{row.public_id} is {row.state}, answers {answers}"
        gave_up = answers.count(Answer.AGAIN) >= TRIES
        dropped = any(one.detail == "dropped" for one in reports)
        if row.state == "rejected" and not (Answer.REFUSED in answers or gave_up or dropped):
            yield f"{row.public_id} is rejected, answers {answers}"


def doubt_ended_by_itself(evidence: Evidence) -> Iterator[str]:
    """I05: what may have left and was not answered for is in doubt until somebody says otherwise."""
    for public_id, entries in evidence.entries.items():
        row = evidence.rows.get(public_id)
        doubtful = entries[-1].left and entries[-1].answer is Answer.NONE
        spoken = evidence.reported.get(public_id) or evidence.decided.get(public_id)
        if row is not None and doubtful and not spoken and row.state != "uncertain":
            yield f"{public_id} is {row.state}, and nobody knows why"


def unheard(evidence: Evidence) -> Iterator[str]:
    """I13, I18: every no that was acknowledged is on record, for ever."""
    for whom, stands in evidence.standing.items():
        if not stands:
            yield whom


def never_said(evidence: Evidence) -> Iterator[str]:
    """I20: who is on record as having said no did say it: a full mailbox or an absence is none."""
    said = {one.whom for one in evidence.told if one.what in {What.SAID, What.REFUSED}}
    for whom, stands in evidence.standing_of_others.items():
        if stands and whom not in said:
            yield whom


def leads(evidence: Evidence) -> Iterator[str]:
    """I25, I27: one record there for each lead, acknowledged here; none of somebody who said no before."""
    made = Counter(name for name, _ in evidence.lead_effects)
    yield from (f"{name} was made {count} times" for name, count in made.items() if count > 1)
    for name, (state, next_try) in evidence.dump.leads.items():
        if state == "handed_over" and name not in made:
            yield f"{name} is handed over, and nobody there knows it"
        if state == "queued" and next_try is not None and next_try < evidence.at - 4 * _HOUR:
            yield f"{name} waits since {next_try}"
    people = {one.detail: one.whom for one in evidence.told if one.what is What.CONVERTED}
    noes = {one.whom: one.at for one in reversed(evidence.told) if one.what is What.REFUSED and one.is_final}
    for name, at in evidence.lead_effects:
        said = noes.get(one_spelling(people[name])) if name in people else None
        if said is not None and at > said + IN_HAND:
            yield f"{name} was handed over at {at}, after a no at {said}"


def open_transactions(evidence: Evidence) -> Iterator[str]:
    """I44: nobody talks to the provider with a transaction open."""
    yield from evidence.open_transactions


def broken(evidence: Evidence) -> Iterator[str]:
    """Faults that nobody planned."""
    yield from evidence.broken
