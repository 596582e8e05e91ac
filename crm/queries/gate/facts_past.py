"""What was written and answered, as the gate wants it: counted without the mail that is being judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self, TypedDict

from sqlalchemy.orm import Session

from crm.kernel.digests import AddressDigest, AddressKeys
from crm.kernel.mail import MailKind
from crm.kernel.settings import Settings
from crm.permission import facts as gate
from crm.permission import ledger
from crm.permission.budgets import Budgets
from crm.permission.ledger import Tally
from crm.prospects.models import Status
from crm.queries.gate import history, maybe_left
from crm.queries.gate.history import AtCompany
from crm.queries.gate.maybe_left import MaybeLeft
from crm.queries.gate.question import Question
from crm.queries.gate.recipients import Recipient

YEAR: Final = timedelta(days=365)
_TALKING: Final = frozenset({Status.REPLIED, Status.MEETING})
"""Somebody waits for our answer: no machine writes to them."""


@dataclass(frozen=True, slots=True)
class Past:
    """One person's past, and when they were told who we are."""

    past: gate.Past
    notice_at: datetime | None


@dataclass(frozen=True, slots=True)
class Pasts:
    """What several queries found, by person, mailbox and company."""

    companies: Mapping[int, AtCompany]
    notices: Mapping[int, datetime]
    in_hand: Mapping[int, Sequence[MaybeLeft]]
    """Mail that may be leaving, or may have left, by company."""

    ended: Mapping[int, datetime]
    converted: Mapping[int, datetime]
    tallies: Mapping[int, Tally]
    """Mail of the last year, by prospect."""

    unanswered: Mapping[int, int]
    """Mail since a company's last answer, by company."""

    acknowledged: Mapping[int, datetime]

    @classmethod
    def load(
        cls,
        session: Session,
        rows: Mapping[int, Recipient],
        questions: Sequence[Question],
        now: datetime,
        settings: Settings,
        budgets: Budgets,
    ) -> Self:
        """Ask once for everybody; what only some kinds of mail are asked is left out for the others."""
        ring = settings.keys.addresses
        kinds = {question.kind for question in questions}
        unasked = not kinds.isdisjoint({MailKind.OUTREACH, MailKind.MANUAL})
        companies = (
            history.at_companies(session, {row.company_id for row in rows.values()}) if unasked else {}
        )
        names = history.addressed(session, rows) if unasked else {}
        names |= identities(ring, rows)
        customers = [row.id for row in rows.values() if row.status is Status.CONVERTED]
        return cls(
            companies=companies,
            notices=history.notices(session, rows) if unasked else {},
            in_hand=maybe_left.at_companies(session, {row.company_id for row in rows.values()})
            if unasked
            else {},
            ended=history.ended_unanswered(session, rows) if unasked else {},
            converted=history.converted(session, customers) if customers else {},
            tallies=_by_person(ledger.to_addresses(session, names, since=now - YEAR), names)
            if unasked
            else {},
            unanswered=_unanswered(session, ring, rows, companies, budgets) if unasked else {},
            acknowledged=_newest(ledger.acknowledged(session, names), names)
            if any(question.acknowledgement for question in questions)
            else {},
        )

    def of(self, question: Question, row: Recipient, now: datetime) -> Past:
        """One person's."""
        company = self.companies.get(row.company_id, AtCompany())
        in_hand = [one for one in self.in_hand.get(row.company_id, ()) if one.counts_for(question.message_id)]
        past = gate.Past(
            **self._mails(row, [one.changed_at for one in in_hand if one.prospect_id == row.id], now),
            unanswered_at_company=self.unanswered.get(row.company_id, 0),
            leaving_to_company=_since_answer(in_hand, company) if row.company_id in self.unanswered else 0,
            other_sequences=sum(
                one.prospect_id == row.id and one.id != question.enrolment_id for one in company.active
            ),
            company_sequences=len(_before(question, row, company)),
            ended_unanswered_at=_unless_answered(self.ended.get(row.id), row),
            replied_at=_replied_at(question, row),
            converted_at=self.converted.get(row.id, now) if row.status is Status.CONVERTED else None,
            colleague_replied_at=company.answered_by_others(row.id, row.released_at),
            colleague_refused_at=company.refused_by_others(row.id, row.released_at),
            acknowledged_at=self.acknowledged.get(row.id) if question.acknowledgement else None,
        )
        return Past(past, self.notices.get(row.id))

    def _mails(self, row: Recipient, doubtful: Sequence[datetime], now: datetime) -> "_Mails":
        """What left, and what may have left or be leaving: doubt counts as a mail."""
        tally = self.tallies.get(row.id)
        known = [
            at for at in (row.last_mail_at, tally.newest if tally else None, *doubtful) if at is not None
        ]
        oldest = [tally.oldest] if tally else []
        return _Mails(
            last_mail_at=max(known, default=None),
            mails_last_year=(tally.count if tally else 0) + len(doubtful),
            oldest_mail_at=min(oldest + [at for at in doubtful if at > now - YEAR], default=None),
        )


class _Mails(TypedDict):
    last_mail_at: datetime | None
    mails_last_year: int
    oldest_mail_at: datetime | None


def _before(question: Question, row: Recipient, company: AtCompany) -> set[int]:
    """Colleagues of theirs who are in a sequence; for somebody who is in one, those who were before them.

    Else, with one too many, each would wait for the others without end.
    """
    return {
        one.prospect_id
        for one in company.active
        if one.prospect_id != row.id and (question.enrolment_id is None or one.id < question.enrolment_id)
    }


def _since_answer(in_hand: Sequence[MaybeLeft], company: AtCompany) -> int:
    answered = max(company.answered.values(), default=None)
    return sum(answered is None or one.changed_at > answered for one in in_hand)


def _replied_at(question: Question, row: Recipient) -> datetime | None:
    """An answer since the enrolment began; at enrolment, a talk that goes on."""
    if row.last_reply_at is None:
        return None
    if question.enrolled_at is not None:
        return row.last_reply_at if row.last_reply_at > question.enrolled_at else None
    return row.last_reply_at if row.status in _TALKING else None


def _unless_answered(ended_at: datetime | None, row: Recipient) -> datetime | None:
    if ended_at is None or (row.last_reply_at is not None and row.last_reply_at > ended_at):
        return None
    return ended_at


def identities(ring: AddressKeys, rows: Mapping[int, Recipient]) -> dict[AddressDigest, int]:
    """The names under which mail to these people stands in the ledger: their identity under every key."""
    names: dict[AddressDigest, int] = {}
    for row in rows.values():
        names[row.address_digest] = row.id
        if len(ring.versions) > 1 and (mailbox := row.mailbox) is not None:
            digests = ring.digests(mailbox)
            names |= dict.fromkeys(digests[:: len(digests) // len(ring.versions)], row.id)
    return names


def _by_person(found: Mapping[AddressDigest, Tally], names: Mapping[AddressDigest, int]) -> dict[int, Tally]:
    people: dict[int, Tally] = {}
    for digest, tally in found.items():
        person = names[digest]
        other = people.get(person)
        people[person] = (
            tally
            if other is None
            else Tally(
                tally.count + other.count, max(tally.newest, other.newest), min(tally.oldest, other.oldest)
            )
        )
    return people


def _newest(
    found: Mapping[AddressDigest, datetime], names: Mapping[AddressDigest, int]
) -> dict[int, datetime]:
    people: dict[int, datetime] = {}
    for digest, at in found.items():
        people[names[digest]] = max(at, people.get(names[digest], at))
    return people


def _unanswered(
    session: Session,
    ring: AddressKeys,
    rows: Mapping[int, Recipient],
    companies: Mapping[int, AtCompany],
    budgets: Budgets,
) -> dict[int, int]:
    """Mails to each company since its last answer."""
    firms = {row.company_id: row.firm_domain for row in rows.values()}
    digests = {firm: ring.domain_digests(domain) for firm, domain in firms.items() if domain is not None}
    tallies = ledger.to_domains(session, [name for names in digests.values() for name in names])
    counts: dict[int, int] = {}
    for firm, names in digests.items():
        found = [tallies[name] for name in names if name in tallies]
        count = sum(tally.count for tally in found)
        answered = max(companies[firm].answered.values(), default=None)
        # Rarely so many that it matters; only then is it worth a query of its own.
        if answered is not None and count >= budgets.unanswered_a_company:
            count = ledger.to_domain_since(session, names, since=answered)
        elif answered is not None and all(tally.newest <= answered for tally in found):
            count = 0
        counts[firm] = count
    return counts
