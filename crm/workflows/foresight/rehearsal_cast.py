"""Who takes part in a rehearsal: everything is read once, for as many as there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from crm.delivery.models import MessageState
from crm.kernel.settings import Settings
from crm.permission.facts import Facts, Pauses
from crm.permission.terms import DomainState
from crm.queries.gate import history
from crm.queries.gate.facts import facts_batch
from crm.queries.gate.facts_past import YEAR
from crm.queries.gate.house import House, house
from crm.queries.gate.recipients import Recipient, recipients
from crm.queries.sending import under_way
from crm.queries.sending.due_steps import earlier_mails
from crm.queries.sending.under_way import Running
from crm.sequences import edits, versions
from crm.sequences.models import EnrolmentState
from crm.sequences.shape import Head, Version
from crm.workflows.foresight.rehearsal_play import Resuming
from crm.workflows.foresight.rehearsal_stage import Actor, Box, Company, Firm, Letter
from crm.workflows.foresight.rehearsal_told import Assumed, Left
from crm.workflows.holding.resume import Held, moment_after
from crm.workflows.planning.plan_questions import boxes_of, questions_about
from crm.workflows.series.enrol import Asked, admit

MOST_OTHERS: Final = 5_000
"""People on their way who are reckoned with: they take slots too."""

_NO_PAUSES: Final = Pauses(everything=False, mailbox=False, sequence=False)


@dataclass(slots=True)
class Cast:
    """Everybody and everything that takes part."""

    session: Session
    settings: Settings
    now: datetime
    ends: datetime
    version: Version
    boxes: dict[int, Box] = field(default_factory=dict)
    heads: dict[int, Head] = field(default_factory=dict)
    actors: dict[int, Actor] = field(default_factory=dict)
    at_a_task: list[Actor] = field(default_factory=list)
    resuming: list[Resuming] = field(default_factory=list)
    people: dict[int, Recipient] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)
    assumed: Assumed = field(default_factory=Assumed)
    _companies: dict[int, Company] = field(default_factory=dict)
    _firms: dict[str, Firm] = field(default_factory=dict)
    _mails: dict[int, list[datetime]] = field(default_factory=dict)

    def load(self, prospect_ids: Sequence[int] | None, asked: Sequence[Asked] | None = None) -> None:
        """Read everything once; what the gate said of those who would begin only where nobody knows it."""
        session, own = self.session, self.version.sequence_id
        at_home = house(session, self.settings)
        asked = self._ask(prospect_ids) if asked is None else asked
        self.people |= {one.loaded.recipient.id: one.loaded.recipient for one in asked}
        self.left += [Left(one.loaded.recipient, one.decision) for one in asked if one.due_at is None]
        known = {one.loaded.recipient.id: one.loaded.recipient for one in asked}
        self.heads = versions.heads(session, [own])
        rows, left_off = under_way.running(
            session,
            mailbox_id=self.heads[own].mailbox_id,
            company_ids={one.company_id for one in known.values()},
            until=self.ends,
            limit=MOST_OTHERS,
        )
        self.heads = versions.heads(session, {own, *(row.sequence_id for row in rows)})
        slots = under_way.slots(session, self.now)
        self.boxes = {
            one.id: Box(
                one.id, one.time_zone, one.pace, one.signs, one.sent_days, dict(one.used), one.free_at
            )
            for one in slots
        }
        self._surroundings(known | recipients(session, {row.prospect_id for row in rows}))
        self._others(rows, at_home, is_cohort=prospect_ids is None)
        self._guests(asked)
        self._letters()
        guests = [one for one in self.actors.values() if one.is_guest]
        head = self.heads[own]
        lifted = {
            "everything": not at_home.may_send,
            "mailbox": head.mailbox_id in at_home.paused_mailboxes,
            "sequence": own in at_home.paused_sequences,
        }
        self.assumed = Assumed(
            lifted=tuple(name for name, is_so in lifted.items() if is_so),
            unchecked=sum(one.facts.recipient.domain is DomainState.UNKNOWN for one in guests),
            approved=head.first_waits,
            left_off=left_off,
        )
        for one in self.actors.values():
            one.facts = _as_assumed(one.facts)

    def _ask(self, prospect_ids: Sequence[int] | None) -> list[Asked]:
        if prospect_ids is None:
            return []
        wanted = list(dict.fromkeys(prospect_ids))
        return admit(self.session, wanted, self.version, now=self.now, settings=self.settings)

    def _surroundings(self, people: Mapping[int, Recipient]) -> None:
        """What they share: companies, domains, the ledger."""
        session, ring = self.session, self.settings.keys.addresses
        found = history.at_companies(session, {one.company_id for one in people.values()})
        self._companies = {
            company_id: Company({each.id: each.prospect_id for each in one.active})
            for company_id, one in found.items()
        }
        answered = under_way.mails_since_answer(session, ring, people.values(), found)
        self._firms = {domain: Firm(count) for domain, count in answered.items()}
        self._mails = under_way.mails_to(session, ring, people, since=self.now - YEAR)

    def _actor(self, enrolment_id: int, person: Recipient, version: Version, facts: Facts, box: int) -> Actor:
        domain = person.firm_domain
        firm = Firm(is_counted=False)
        if domain is not None:
            firm = self._firms.setdefault(domain, Firm(facts.past.unanswered_at_company))
            firm.doubts = facts.past.leaving_to_company
        mails = self._mails.get(person.id, [])
        actor = Actor(
            enrolment_id, person, version, box, facts, firm, self._companies[person.company_id], self.ends,
            is_guest=False, mails=list(mails), doubts=facts.past.mails_last_year - len(mails),
        )  # fmt: skip
        self.actors[enrolment_id] = actor
        return actor

    def _others(self, rows: Sequence[Running], at_home: House, *, is_cohort: bool) -> None:
        session, ids = self.session, [row.enrolment_id for row in rows]
        plans = versions.load(session, {row.version_id for row in rows})
        earlier = earlier_mails(session, ids)
        edited = edits.of(session, ids)
        boxes = boxes_of(rows, self.heads, earlier)
        questions = questions_about(rows, boxes)
        facts = facts_batch(session, questions, self.now, self.settings, known_house=at_home)
        waiting = under_way.with_a_task(session)
        for row, loaded in zip(rows, facts, strict=True):
            if loaded is None or row.version_id not in plans:
                continue
            plan, box = plans[row.version_id], boxes[row.enrolment_id]
            actor = self._actor(row.enrolment_id, loaded.recipient, plan, loaded.facts, box)
            actor.is_guest = is_cohort and row.sequence_id == self.version.sequence_id
            actor.edited = {step: words for (one, step), words in edited.items() if one == row.enrolment_id}
            actor.position, actor.due_at = row.position, row.due_at
            if actor.is_guest:
                self.people[actor.person.id] = actor.person
            if row.state is EnrolmentState.PAUSED and row.resumes_at is not None:
                self._resumes(actor, row, row.resumes_at)
            else:
                actor.held_due_at = row.held_due_at
                if row.enrolment_id in waiting and row.due_at is None:
                    self.at_a_task.append(actor)

    def _resumes(self, actor: Actor, row: Running, at: datetime) -> None:
        actor.runs, actor.due_at = False, None
        held = Held(row.enrolment_id, row.prospect_id, row.position, row.held_at, row.held_due_at)
        moment = max(at, self.now)
        self.resuming.append(Resuming(at, row.enrolment_id, moment_after(held, actor.person, moment)))

    def _guests(self, asked: Sequence[Asked]) -> None:
        """Those who are let in begin, each with the number that comes next."""
        number = under_way.next_enrolment(self.session)
        box = self.heads[self.version.sequence_id].mailbox_id
        for one in asked:
            if one.due_at is None:
                continue
            person, past = one.loaded.recipient, one.loaded.facts.past
            # Once they are in, only an answer that comes later counts.
            facts = replace(one.loaded.facts, past=replace(past, replied_at=None, other_sequences=0))
            actor = self._actor(number, person, self.version, facts, box)
            actor.is_guest, actor.due_at = True, one.due_at
            actor.company.active[number] = person.id
            number += 1

    def _letters(self) -> None:
        """What waits in the outbox, or is in hand: it leaves first."""
        found = under_way.out(self.session, list(self.actors))
        strangers = recipients(
            self.session, {one.prospect_id for one in found if one.prospect_id is not None}
        )
        for place, one in enumerate(found):
            box, number = self.boxes[one.mailbox_id], place - len(found)
            actor = self.actors.get(one.enrolment_id) if one.enrolment_id is not None else None
            if actor is not None and not actor.runs:
                continue  # made anew when its pause is over
            if actor is not None and one.state is MessageState.HELD:
                actor.due_at = max(one.due_at, self.now)
                continue
            if one.state in {MessageState.CLAIMED, MessageState.SENDING}:
                day = box.day_of(self.now)
                if day in box.used:
                    box.give_back(day)  # it has a slot, and takes it again
            person = strangers.get(one.prospect_id) if one.prospect_id is not None else None
            box.put(Letter(one.due_at, number, actor, one.kind, person, one.late_from))


def _as_assumed(facts: Facts) -> Facts:
    recipient = facts.recipient
    if recipient.domain is not DomainState.UNKNOWN and facts.pauses == _NO_PAUSES:
        return facts
    if recipient.domain is DomainState.UNKNOWN:
        recipient = replace(recipient, domain=DomainState.TAKES_MAIL)
    return replace(facts, recipient=recipient, pauses=_NO_PAUSES)
