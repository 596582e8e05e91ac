"""A small world in which somebody may be written to: mailbox, sequence, companies, people with a ground."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from crm.delivery.models import Mailbox, Message, MessageState
from crm.domains.models import DomainCheck
from crm.kernel.addresses import EmailAddress
from crm.kernel.business import LegalForm, address_kind
from crm.kernel.domains import registrable_domain
from crm.permission import evidence
from crm.permission.evidence import NewEvidence
from crm.permission.terms import Basis
from crm.privacy import register
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Wish
from crm.prospects import spelling
from crm.prospects.models import Company, Prospect, Source, SourceKind
from crm.sequences import versions
from crm.sequences.models import Enrolment, StepKind
from crm.sequences.models import Sequence as SequenceRow
from crm.sequences.texts import Words
from crm.sequences.versions import NewStep
from crm.services import Services
from crm.workflows.planning.plan import Planned, plan
from crm.workflows.planning.write_letter import Desk
from crm.workflows.sending.dispatch import Dispatched, PostRoom, dispatch
from crm.workflows.series.enrol import Enrolled, enrol

BODY = """Dag {{ first_name | default("collega") }},

Wij maken foto's voor {{ company }}.

Groet,
{{ sender_name }}"""


def mail(
    delay: int = 0,
    subject: str = "Foto's voor {{ company }}",
    body: str = BODY,
    *,
    others: tuple[Words, ...] = (),
    lineage: int | None = None,
) -> NewStep:
    return NewStep(StepKind.EMAIL, delay, subject, body, others, lineage)


def hand_work(delay: int = 0, title: str = "Bel even op", *, lineage: int | None = None) -> NewStep:
    return NewStep(StepKind.TASK, delay, "", title, lineage=lineage)


def wait(days: int) -> NewStep:
    return NewStep(StepKind.WAIT, days, "", "")


@dataclass
class Outreach:
    """Makes rows and runs the workflows, each in a transaction of its own, as the doors do."""

    services: Services
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    @property
    def now(self) -> datetime:
        return self.services.clocks.calendar()

    def mailbox(
        self,
        *,
        cap: int = 1_000,
        time_zone: str = "Europe/Amsterdam",
        gap: timedelta = timedelta(),
        jitter: timedelta = timedelta(),
        ramp: tuple[int, int] = (0, 0),
    ) -> int:
        """As fast as it goes, unless a test asks for a gap or a ramp."""
        number = next(self._numbers)
        with self.services.database.transaction() as session:
            row = Mailbox(
                address=f"sanne{number}@outreach.produfoto.example",
                display_name="Sanne van Produfoto",
                sender_name="Sanne de Wit",
                daily_cap=cap,
                time_zone=time_zone,
                gap_seconds=int(gap.total_seconds()),
                jitter_seconds=int(jitter.total_seconds()),
                ramp_start=ramp[0],
                ramp_step=ramp[1],
            )
            session.add(row)
            session.flush()
            return row.id

    def sequence(self, *steps: NewStep, mailbox: int | None = None, language: str = "nl") -> int:
        box = self.mailbox() if mailbox is None else mailbox
        with self.services.database.transaction() as session:
            row = SequenceRow(
                name=f"Reeks {next(self._numbers)}", language=language, mailbox_id=box, created_at=self.now
            )
            session.add(row)
            session.flush()
            versions.publish(session, row.id, steps or (mail(), mail(3, "")), by=None, at=self.now)
            return row.id

    def person(  # noqa: PLR0913 - all by name, all with a default
        self,
        address: str | None = None,
        *,
        company_id: int | None = None,
        name: str = "Anna de Boer",
        country: str = "NL",
        time_zone: str = "Europe/Amsterdam",
        proven: bool = True,
        domain_answer: str | None = "takes_mail",
        legal_form: LegalForm = LegalForm.LEGAL_PERSON,
    ) -> int:
        number = next(self._numbers)
        mailbox = EmailAddress.parse(address or f"info@winkel{number}.example")
        with self.services.database.transaction() as session:
            if company_id is None:
                company = Company(
                    name=f"Winkel {number}",
                    domain=registrable_domain(mailbox.domain),
                    website=f"https://www.winkel{number}.example",
                    country=country,
                    language="nl",
                    time_zone=time_zone,
                    legal_form=legal_form,
                    relevance="Sells shoes online, with plain pictures",
                    relevance_by="Sanne",
                    created_at=self.now,
                )
                session.add(company)
                session.flush()
                company_id = company.id
            prospect_id = self._prospect(session, mailbox, company_id, name, country)
            if proven:
                self._prove(session, prospect_id)
            if domain_answer is not None and session.get(DomainCheck, mailbox.domain) is None:
                session.add(DomainCheck(domain=mailbox.domain, answer=domain_answer, next_check_at=self.now))
            return prospect_id

    def _prospect(
        self, session: Session, mailbox: EmailAddress, company_id: int, name: str, country: str
    ) -> int:
        names = spelling.names_of(self.services.settings.keys.addresses, mailbox)
        row = Prospect(
            company_id=company_id,
            name=name,
            role="Inkoper",
            role_relevance="Buys the product photos",
            address=str(mailbox),
            address_digest=names.identity,
            address_kind=address_kind(mailbox.local),
            country=country,
            created_at=self.now,
        )
        session.add(row)
        session.flush()
        spelling.add_keys(session, [(row.id, names)])
        session.add(
            Source(
                prospect_id=row.id,
                kind=SourceKind.WEBSITE,
                url="https://www.winkel.example/contact",
                obtained_on=self.now.date() - timedelta(days=2),
            )
        )
        return row.id

    def _prove(self, session: Session, prospect_id: int) -> None:
        proof = NewEvidence(
            prospect_id=prospect_id,
            basis=Basis.PUBLISHED_ADDRESS,
            given_at=self.now - timedelta(days=2),
            url="https://www.winkel.example/contact",
            wording="Leveranciers kunnen hun aanbod mailen naar dit adres.",
            confirmed_by="Sanne",
        )
        evidence.add(session, [proof])

    def people(self, count: int) -> list[int]:
        return [self.person() for _ in range(count)]

    def enrol(self, prospect_ids: int | Sequence[int], sequence_id: int) -> list[Enrolled]:
        ids = [prospect_ids] if isinstance(prospect_ids, int) else prospect_ids
        with self.services.database.transaction() as session:
            return enrol(session, ids, sequence_id, by=None, now=self.now, settings=self.services.settings)

    def plan(self) -> Planned:
        desk = Desk(self.services.settings, self.services.links)
        return plan(self.services.database, desk, now=self.now)

    @property
    def room(self) -> PostRoom:
        return PostRoom(
            self.services.database, self.services.settings, self.services.clocks, self.services.mailer
        )

    def dispatch(self) -> Dispatched:
        return dispatch(self.room)

    def refuse(
        self, address: str, *, scope: RefusalScope = RefusalScope.ADDRESS, scope_id: int | None = None,
        until: datetime | None = None,
    ) -> None:  # fmt: skip
        """Write a no into the register and nowhere else: nothing is cancelled, nothing stopped."""
        ring = self.services.settings.keys.addresses
        mailbox = EmailAddress.parse(address)
        domain = registrable_domain(mailbox.domain)
        keys = register.keys_of(ring, mailbox)
        if scope is RefusalScope.DOMAIN and domain:
            keys = register.domain_keys_of(ring, domain)
        wish = Wish(
            scope=scope, reason=RefusalReason.OBJECTION, channel="page", at=self.now,
            scope_id=scope_id, until=until,
        )  # fmt: skip
        with self.services.database.transaction() as session:
            register.record(session, keys, wish)

    def messages(self) -> list[Message]:
        with self.services.database.reading() as session:
            whole = select(Message).options(undefer(Message.wire)).order_by(Message.id)
            return list(session.scalars(whole))

    def states(self) -> list[MessageState]:
        return [message.state for message in self.messages()]

    def enrolments(self) -> list[Enrolment]:
        with self.services.database.reading() as session:
            return list(session.scalars(select(Enrolment).order_by(Enrolment.id)))

    def prospect(self, prospect_id: int) -> Prospect:
        with self.services.database.reading() as session:
            return session.scalars(select(Prospect).where(Prospect.id == prospect_id)).one()
