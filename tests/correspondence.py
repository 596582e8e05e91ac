"""One prospect who got a first mail and writes back."""

from collections.abc import Mapping
from datetime import timedelta
from email.message import EmailMessage

from sqlalchemy import select
from sqlalchemy.orm import undefer

from crm.delivery.models import Message
from crm.privacy.models import Refusal
from crm.prospects.models import Prospect
from crm.replies.models import InboundMail
from crm.sequences.models import Enrolment
from crm.sequences.versions import NewStep
from crm.services import Services
from crm.workflows.inbox.receive_mail import receive_mail
from crm.workflows.inbox.understand_mail import understand_mail
from tests.conftest import FakeClock
from tests.fakes import MemoryInbox
from tests.outreach import Outreach


class Correspondence:
    """One prospect who got a first mail and writes back."""

    def __init__(self, services: Services, *steps: NewStep) -> None:
        self.services = services
        self.outreach = Outreach(services)
        self.person = self.outreach.person("anna@winkel.example")
        self.sequence = self.outreach.sequence(*steps)
        self.outreach.enrol([self.person], self.sequence)
        self.days(1)

    def days(self, number: int) -> None:
        """Let the calendar run, looking every three hours as the scheduler would."""
        clock = self.services.clocks.calendar
        assert isinstance(clock, FakeClock)
        for _ in range(number * 8):
            self.outreach.plan()
            self.outreach.dispatch()
            clock.advance(timedelta(hours=3))

    @property
    def ours(self) -> Message:
        with self.services.database.reading() as session:
            whole = select(Message).options(undefer(Message.wire)).order_by(Message.id)
            return session.scalars(whole).first()  # type: ignore[return-value] # there is one

    def writes(
        self, text: str, *, to: str = "", sender: str = "anna@winkel.example", **headers: str
    ) -> InboundMail:
        mail = EmailMessage()
        mail["From"] = f"Anna de Boer <{sender}>"
        mail["To"] = to or self.services.links.reply_address(self.ours.public_id)
        mail["Subject"] = "Re: Foto's"
        mail["Message-ID"] = headers.pop("Message_ID", "<antwoord@winkel.example>")
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(text)
        return self.arrives(mail.as_bytes())

    def arrives(self, raw: bytes) -> InboundMail:
        inbox = self.services.inbox
        assert isinstance(inbox, MemoryInbox)
        inbox.deliver(raw)
        receive_mail(self.services.database, inbox, self.services.clocks.calendar)
        understand_mail(self.services.reading_room, now=self.outreach.now)
        with self.services.database.reading() as session:
            return session.scalars(select(InboundMail).order_by(InboundMail.id.desc())).first()  # type: ignore[return-value] # just stored

    def enrolment(self) -> Enrolment:
        with self.services.database.reading() as session:
            return session.scalars(select(Enrolment)).one()

    def prospect(self) -> Prospect:
        with self.services.database.reading() as session:
            return session.get_one(Prospect, self.person)

    def refusals(self) -> list[Refusal]:
        with self.services.database.reading() as session:
            return list(session.scalars(select(Refusal)))


def spam_report(
    kind: str = "abuse",
    *,
    report: Mapping[str, str] | None = None,
    enclosed: Mapping[str, str] | None = None,
    sender: str = "fbl@provider.example",
) -> bytes:
    """A feedback report (RFC 5965) to our abuse address, redacted but for what is given."""
    fields = {"Feedback-Type": kind, "User-Agent": "Fbl/1", "Version": "1", **(report or {})}
    headers = {"From": "sales@produfoto.example", "Subject": "Foto's", **(enclosed or {})}
    lines = [
        f"From: {sender}", "To: abuse@produfoto.example", "Subject: FW: Foto's",
        "Message-ID: <report@provider.example>", "MIME-Version: 1.0",
        "Content-Type: multipart/report; report-type=feedback-report; boundary=b", "",
        "--b", "Content-Type: text/plain", "", "This is an abuse report.",
        "--b", "Content-Type: message/feedback-report", "", *_block(fields),
        "--b", "Content-Type: message/rfc822", "", *_block(headers), "Hello.", "--b--", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode()


def _block(fields: Mapping[str, str]) -> list[str]:
    return [*(f"{name}: {value}" for name, value in fields.items()), ""]
