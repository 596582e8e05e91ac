"""Thousands of people in random states, written by the driver at once: what "why not?" is tried on."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from crm.conversations.models import Task, TaskKind
from crm.delivery.models import Mailbox, MailboxDay, Message, MessageBytes, MessageState
from crm.domains.models import DomainCheck
from crm.kernel.addresses import EmailAddress
from crm.kernel.business import AddressKind, LegalForm
from crm.kernel.digests import AddressKeys
from crm.kernel.mail import MailKind
from crm.permission.models import Evidence
from crm.permission.terms import Basis
from crm.privacy.models import Refusal, RefusalKey, RefusalReason, RefusalScope
from crm.prospects.models import Company, Prospect, Source, SourceKind, SpellingKey, Status
from crm.sequences import versions
from crm.sequences.models import Enrolment, EnrolmentState, StopReason
from crm.sequences.models import Sequence as Series
from tests.outreach import hand_work, mail, wait

STEPS = (mail(), hand_work(1), wait(2), mail(1, ""))
WIRE = b"From: sanne@produfoto.example\r\nTo: {}\r\nSubject: Foto's\r\n\r\nDag\r\n"
_PLACES = (
    *(("NL", "Europe/Amsterdam"),) * 12, ("BE", ""), ("FR", ""), ("GB", ""), ("FI", ""), ("DE", ""),
    ("NL", "America/New_York"), ("", ""), ("XX", ""),
)  # fmt: skip
_DOMAINS = (*("takes_mail",) * 16, "implicit", "null_mx", "no_mail", None)
_STATES = (*("unproven",) * 16, "bounced", "closed", "bouncing", "invalid")


@dataclass
class World:
    """Rows by table, for one insert each."""

    session: Session
    ring: AddressKeys
    now: datetime
    dice: Random
    rows: dict[Any, list[dict[str, Any]]] = field(default_factory=dict)
    series: list[tuple[int, int, int, tuple[int, ...]]] = field(default_factory=list)
    """Sequence, version, mailbox, and the ids of its steps."""

    def add(self, table: Any, **values: Any) -> None:
        self.rows.setdefault(table, []).append(values)

    def ago(self, **most: float) -> datetime:
        return self.now - timedelta(**most) * self.dice.random()

    def chance(self, share: float) -> bool:
        return self.dice.random() < share

    def write(self) -> None:
        for table, rows in self.rows.items():
            for start in range(0, len(rows), 2_000):
                self.session.execute(insert(table), rows[start : start + 2_000])
        if self.session.get_bind().dialect.name == "postgresql":
            self._count_on([table.__tablename__ for table, rows in self.rows.items() if "id" in rows[0]])
        self.rows.clear()

    def _count_on(self, tables: list[str]) -> None:
        """Rows with numbers of ours: the server has to give the next one after them."""
        for table in tables:
            last = f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"  # noqa: S608 - our own words
            self.session.execute(text(last))

    def houses(self) -> None:
        """Mailboxes of every kind, each with a sequence that runs; some with one that is paused or asks."""
        today = self.now.date()
        for number in range(1, 9):
            used = {5: 40, 6: 4}.get(number, 0)
            self.session.add(
                Mailbox(
                    id=number, address=f"box{number}@outreach.produfoto.example", display_name="Sanne",
                    daily_cap=40 if number == 5 else 1_000_000, gap_seconds=600 if number == 7 else 0,
                    jitter_seconds=0, ramp_start=4 if number == 6 else 0, ramp_step=2,
                    free_at=self.now + timedelta(minutes=7) if number == 7 else None,
                    paused_at=self.now if number == 8 else None, pause_reason="by_staff",
                )
            )  # fmt: skip
            self.session.flush()
            if used:
                self.session.add(MailboxDay(mailbox_id=number, day=today, used=used))
            for kind in ("runs", "runs", "paused", "asks"):
                row = Series(
                    name=f"{kind} {number} {len(self.series)}", language="nl", mailbox_id=number,
                    created_at=self.now, paused_at=self.now if kind == "paused" else None,
                    first_waits=kind == "asks",
                )  # fmt: skip
                self.session.add(row)
                self.session.flush()
                version = versions.publish(self.session, row.id, STEPS, by=None, at=self.now)
                plan = versions.read(self.session, [version])[version]
                self.series.append((row.id, version, number, tuple(one.id for one in plan.steps)))
                if kind == "runs" and number > 4:
                    break

    def person(self, number: int, company: int, *, held: bool = False) -> None:
        """Somebody, with everything about them left to chance."""
        dice, now, at_all = self.dice, self.now, self.chance
        country, zone = dice.choice(_PLACES)
        address = EmailAddress.parse(f"p{number}@winkel{company}.example")
        collected = self.now - timedelta(days=dice.choice((2, 2, 2, 2, 20, 45, 380)))
        if company == number:
            self.add(
                Company, id=company, name=f"Winkel {company}", domain=f"winkel{company}.example", website="",
                country=country, language="nl", time_zone=zone, legal_form=LegalForm.LEGAL_PERSON,
                relevance="" if at_all(0.03) else "Sells shoes", relevance_by="Sanne", created_at=now,
            )  # fmt: skip
            if (answer := dice.choice(_DOMAINS)) is not None:
                self.add(DomainCheck, domain=address.domain, answer=answer, next_check_at=now)
        digests = self.ring.digests(address)
        self.add(
            Prospect, id=number, company_id=company, name="Anna de Boer", role="Inkoper",
            role_relevance="Buys photos", address=str(address), address_digest=digests[0],
            address_kind=AddressKind.GENERIC, address_state=dice.choice(_STATES), country=country,
            status=dice.choice((Status.NEW,) * 8 + (Status.CONTACTED, Status.REPLIED, Status.CONVERTED)),
            restricted_at=now if at_all(0.01) else None, created_at=collected,
            last_mail_at=self.ago(days=12) if at_all(0.2) else None,
            last_reply_at=self.ago(days=20) if at_all(0.03) else None,
        )  # fmt: skip
        for digest in digests:
            self.add(SpellingKey, digest=digest, prospect_id=number, key_version=self.ring.version)
        if not at_all(0.02):
            self.add(
                Source, prospect_id=number, kind=SourceKind.WEBSITE, url="https://winkel.example",
                words="", obtained_on=collected.date(),
            )  # fmt: skip
        if not at_all(0.08):
            self.add(
                Evidence, prospect_id=number, basis=Basis.PUBLISHED_ADDRESS, url="https://winkel.example",
                wording="Mail ons uw aanbod.", confirmed_by="Sanne", given_at=collected,
            )  # fmt: skip
        if at_all(0.08):
            self._refusal(number, digests)
        self._enrolment(number, held=held)

    def _refusal(self, number: int, digests: Any) -> None:
        scope = self.dice.choice((RefusalScope.ADDRESS, RefusalScope.SEQUENCE, RefusalScope.SNOOZE))
        end = self.now + timedelta(days=self.dice.randint(-3, 9))
        self.add(
            Refusal, id=number, public_id=f"{number:026d}", scope=scope, reason=RefusalReason.OBJECTION,
            scope_id=self.dice.choice(self.series)[0] if scope is RefusalScope.SEQUENCE else None,
            until=end if scope is RefusalScope.SNOOZE else None,
            channel="page", message="", refused_at=self.ago(days=5),
        )  # fmt: skip
        for digest in digests:
            self.add(RefusalKey, digest=digest, refusal_id=number, key_version=self.ring.version)

    def _enrolment(self, number: int, *, held: bool) -> None:
        dice, now = self.dice, self.now
        if not held and self.chance(0.06):
            return
        series, version, box, steps = dice.choice(self.series)
        paused = held or self.chance(0.12)
        due_at = now + timedelta(minutes=dice.choice((-9_000, -400, -60, -3, 0, 0, 4, 9, 20, 3_000)))
        resumes = now + timedelta(hours=dice.choice((-1, 30, 200)))
        position = dice.choice((1, 1, 1, 2, 3, 4, 4, 5)) if not paused else dice.choice((1, 4))
        out = not paused and position in {1, 4} and self.chance(0.35)
        task = not paused and position == 2 and self.chance(0.4)
        self.add(
            Enrolment, id=number, prospect_id=number, sequence_id=series, version_id=version,
            state=EnrolmentState.PAUSED if paused else EnrolmentState.RUNNING, position=position,
            stop_reason=dice.choice((StopReason.BY_STAFF, StopReason.SNOOZED)) if paused else None,
            stop_detail="", next_due_at=None if paused or out or task else due_at,
            resumes_at=resumes if paused and not held and self.chance(0.5) else None,
            held_at=now - timedelta(days=2) if paused else None,
            held_due_at=now + timedelta(days=dice.randint(-3, 3))
            if paused or (not (out or task) and self.chance(0.1))
            else None,
            approved_at=now if self.chance(0.4) else None,
            approved_words=(None, STEPS[0].words[0].key, "0" * 32)[number % 3],
            enrolled_at=now - timedelta(days=dice.randint(0, 30)), changed_at=now - timedelta(days=1),
        )  # fmt: skip
        if out:
            self._message(number, box, steps[position - 1], due_at)
        if task:
            self.add(
                Task, prospect_id=number, kind=TaskKind.STEP, title="Bel", due_at=now, enrolment_id=number,
                created_at=now - timedelta(days=1), dedupe_key=f"step:{number}",
            )  # fmt: skip

    def _message(self, number: int, box: int, step: int, due_at: datetime) -> None:
        state = self.dice.choice((MessageState.DUE,) * 8 + tuple(_IN_HAND))
        company = next(one["company_id"] for one in reversed(self.rows[Prospect]) if one["id"] == number)
        address = f"p{number}@winkel{company}.example"
        recipient = "oud@winkel.example" if self.chance(0.15) else address
        self.add(
            Message, id=number, public_id=f"m{number:025d}", kind=MailKind.OUTREACH, prospect_id=number,
            enrolment_id=number, step_id=step, mailbox_id=box,
            address_digest=self.ring.digest(EmailAddress.parse(address)), recipient=recipient,
            sender="b@outreach.produfoto.example", subject_line="Foto's", state=state, due_at=due_at,
            planned_at=self.now, changed_at=self.now, claim_id="x" * 26 if state in _TAKEN else None,
            lease_until=self.now + timedelta(hours=1) if state in _TAKEN else None, decision={},
        )  # fmt: skip
        self.add(MessageBytes, message_id=number, wire=WIRE.replace(b"{}", recipient.encode()))


_TAKEN = frozenset({MessageState.CLAIMED, MessageState.SENDING})
_IN_HAND = (MessageState.HELD, MessageState.CLAIMED, MessageState.SENDING, MessageState.UNCERTAIN)
