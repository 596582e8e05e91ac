"""The stage of the crash tests: an installation whose clocks run fast, and people about to be written to.

Both clocks follow the machine's monotonic one, so every process agrees on them. The real clock runs thirty
times as fast: a lease of sixty seconds is over after two. The calendar begins on a Monday morning.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from sqlalchemy.orm import Session

from crm.adapters.mailbox import JOURNAL, MailboxMailer
from crm.delivery.models import Mailbox
from crm.domains.models import DomainCheck
from crm.kernel.addresses import EmailAddress
from crm.kernel.business import LegalForm, address_kind
from crm.kernel.clock import Clocks, monotonic
from crm.kernel.db import Database
from crm.kernel.public_links import PublicLinks
from crm.kernel.settings import Settings
from crm.permission import evidence
from crm.permission.evidence import NewEvidence
from crm.permission.terms import Basis
from crm.prospects import spelling
from crm.prospects.models import Company, Prospect, Source, SourceKind
from crm.sequences import versions
from crm.sequences.models import Enrolment, EnrolmentState, StepKind
from crm.sequences.models import Sequence as SequenceRow
from crm.sequences.versions import NewStep
from crm.workflows.planning.write_letter import Desk
from crm.workflows.sending.dispatch import PostRoom

MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
CALENDAR_SPEED, REAL_SPEED = 60.0, 30.0
SENT = Path("mail") / "sent"


@dataclass
class Stage:
    """What one process has of it."""

    settings: Settings
    database: Database
    clocks: Clocks

    @classmethod
    def enter(cls, settings: Settings, started: float) -> "Stage":
        """Take part; `started` is the machine's monotonic clock when the play began."""

        def running(speed: float) -> datetime:
            return MONDAY + timedelta(seconds=(monotonic() - started) * speed)

        clocks = Clocks(
            calendar=lambda: running(CALENDAR_SPEED), real=lambda: running(REAL_SPEED), speed=CALENDAR_SPEED
        )
        return cls(settings, Database(settings.database_url), clocks)

    @cached_property
    def room(self) -> PostRoom:
        return PostRoom(self.database, self.settings, self.clocks, MailboxMailer(self.settings.var / SENT))

    @cached_property
    def desk(self) -> Desk:
        links = PublicLinks(
            self.settings.keys.public_links,
            base_url=self.settings.base_url,
            mail_domain=self.settings.mail_domain,
        )
        return Desk(self.settings, links)

    @property
    def history(self) -> Path:
        """The provider's own record of what it was asked to take: the only witness of the checker."""
        return self.settings.var / SENT / JOURNAL


def address_of(number: int) -> str:
    return f"info@winkel{number}.example"


def set_scene(stage: Stage, people: int, *, within: float) -> None:
    """Enrol people in a sequence of one mail; they come due one after another, `within` so many seconds."""
    with stage.database.transaction() as session:
        box = Mailbox(
            address="sanne@outreach.produfoto.example", display_name="Sanne van Produfoto",
            sender_name="Sanne", daily_cap=10 * people, gap_seconds=0, jitter_seconds=0, ramp_start=0,
        )  # fmt: skip
        session.add(box)
        session.flush()
        sequence = SequenceRow(name="Reeks", language="nl", mailbox_id=box.id, created_at=MONDAY)
        session.add(sequence)
        session.flush()
        step = NewStep(StepKind.EMAIL, 0, "Foto's voor {{ company }}", "Dag,\n\nWij maken foto's.\n\nGroet")
        version = versions.publish(session, sequence.id, [step], by=None, at=MONDAY)
        ids = [_person(session, stage, number) for number in range(people)]
        pause = timedelta(seconds=within * CALENDAR_SPEED / people)
        session.add_all(
            Enrolment(
                prospect_id=prospect_id, sequence_id=sequence.id, version_id=version,
                state=EnrolmentState.RUNNING, position=1, next_due_at=MONDAY + place * pause,
                enrolled_at=MONDAY, changed_at=MONDAY,
            )
            for place, prospect_id in enumerate(ids)
        )  # fmt: skip


def _person(session: Session, stage: Stage, number: int) -> int:
    mailbox = EmailAddress.parse(address_of(number))
    company = Company(
        name=f"Winkel {number}", domain=mailbox.domain, country="NL", language="nl",
        time_zone="Europe/Amsterdam", legal_form=LegalForm.LEGAL_PERSON, relevance="Sells shoes",
        relevance_by="Sanne", created_at=MONDAY,
    )  # fmt: skip
    session.add(company)
    session.flush()
    names = spelling.names_of(stage.settings.keys.addresses, mailbox)
    row = Prospect(
        company_id=company.id, address=str(mailbox), address_digest=names.identity,
        address_kind=address_kind(mailbox.local), country="NL", created_at=MONDAY,
    )  # fmt: skip
    session.add(row)
    session.flush()
    spelling.add_keys(session, [(row.id, names)])
    session.add(
        Source(
            prospect_id=row.id, kind=SourceKind.WEBSITE, url="https://x.example", obtained_on=MONDAY.date()
        )
    )
    session.add(DomainCheck(domain=mailbox.domain, answer="takes_mail", next_check_at=MONDAY))
    proof = NewEvidence(
        prospect_id=row.id, basis=Basis.PUBLISHED_ADDRESS, given_at=MONDAY, url="https://x.example",
        wording="Aanbod kan naar dit adres.", confirmed_by="Sanne",
    )  # fmt: skip
    evidence.add(session, [proof])
    return row.id
