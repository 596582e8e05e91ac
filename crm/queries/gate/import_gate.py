"""What the gate says of people nobody has written to yet: asked once for each kind of row."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, NamedTuple, Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.kernel.business import AddressKind, LegalForm
from crm.kernel.controller import Controller
from crm.kernel.mail import MailKind
from crm.operations import switches
from crm.permission import assessments
from crm.permission.decide import decide
from crm.permission.facts import (
    NOTHING_SENT,
    Assessment,
    Facts,
    Firm,
    Pauses,
    Proof,
    Recipient,
    Sender,
    Source,
)
from crm.permission.models import Assessment as AssessmentRow
from crm.permission.reasons import Weight
from crm.permission.terms import AddressState, DomainState
from crm.permission.words import explain
from crm.queries.gate.claims import Worth

LONGEST: Final = 300  # characters of a reason
_NO_PAUSES: Final = Pauses(everything=False, mailbox=False, sequence=False)
_MOST: Final = 50_000  # answers remembered; real files have a few dozen


class Question(NamedTuple):
    """Everything the answer for a new prospect depends on."""

    kind: AddressKind
    freemail: bool
    domain: DomainState
    country: str
    legal_form: LegalForm
    time_zone: str
    source_kind: str
    obtained_on: date
    relevant: bool
    role_relevant: bool
    claim: Worth | None


@dataclass(slots=True)
class ImportGate:
    """The gate as it stands now, without history, budgets and today's pauses: those change by themselves."""

    now: datetime
    basis: Facts
    """A question with everything filled in that is the same for all rows."""

    assessments: Mapping[int, Assessment]
    _answers: dict[Question, str]

    @classmethod
    def load(cls, session: Session, controller: Controller, *, now: datetime) -> Self:
        """Read the owner's settings once for a whole file."""
        known = {
            row.id: Assessment(id=row.id, active=True, scope=row.scope, review_on=row.review_on)
            for row in session.scalars(select(AssessmentRow))
        }
        return cls(now, _start(session, controller), known, {})

    def against(self, question: Question) -> str:
        """What keeps anybody from writing to them, in words; empty when nothing does, or only time."""
        found = self._answers.get(question)
        if found is None:
            if len(self._answers) >= _MOST:
                self._answers.clear()
            found = self._answers[question] = self._ask(question)
        return found

    def _ask(self, asked: Question) -> str:
        facts = replace(
            self.basis,
            recipient=Recipient(
                kind=asked.kind, freemail=asked.freemail, state=AddressState.UNPROVEN, domain=asked.domain
            ),
            firm=Firm(
                country=asked.country or None, legal_form=asked.legal_form, time_zone=asked.time_zone or None
            ),
            source=Source(kind=asked.source_kind, obtained_on=asked.obtained_on, purchased=False),
            relevant=asked.relevant,
            role_relevant=asked.role_relevant,
            proofs=() if asked.claim is None else (self._proof(asked.claim),),
        )
        denials = [one for one in decide(facts, self.now).against if one.weight is Weight.DENY]
        titles = dict.fromkeys(explain(one).title for one in denials)
        return "; ".join(titles)[:LONGEST]

    def _proof(self, worth: Worth) -> Proof:
        return Proof(
            id=0,
            basis=worth.basis,
            at=worth.at,
            has_url=worth.has_url,
            has_wording=worth.has_wording,
            has_channel=worth.has_channel,
            confirmed=worth.confirmed,
            declines_offers=worth.declines_offers,
            stale=False,
            withdrawn_at=None,
            assessment=self.assessments.get(worth.assessment_id or 0),
        )


def _start(session: Session, controller: Controller) -> Facts:
    return Facts(
        kind=MailKind.OUTREACH,
        recipient=Recipient(
            kind=AddressKind.NAMED, freemail=False, state=AddressState.UNPROVEN, domain=DomainState.UNKNOWN
        ),
        firm=Firm(country=None, legal_form=LegalForm.UNKNOWN, time_zone=None),
        source=None,
        relevant=False,
        role_relevant=False,
        proofs=(),
        interest_allowed=switches.is_on(session, switches.LEGITIMATE_INTEREST),
        refusals=(),
        restricted_at=None,
        request_since=None,
        notice_at=None,
        erase_at=None,
        past=NOTHING_SENT,
        pauses=_NO_PAUSES,
        sender=Sender(complete=controller.complete, has_street=controller.has_postal_address),
        measuring_consent=False,
        overrides=assessments.overrides(session),
    )
