"""One message in a worker's hands."""

from datetime import timedelta

from crm.delivery import caps, claims, results
from crm.delivery.claims import Claim
from crm.delivery.models import Message, MessageState
from crm.delivery.new_message import NewMessage
from crm.delivery.outbox import queue
from crm.delivery.ports import Outcome
from crm.kernel.digests import AddressDigest
from crm.kernel.ids import new_public_id
from crm.kernel.mail import MailKind
from crm.services import Services
from tests.conftest import NOW
from tests.outreach import Outreach

MINE, OTHER = "c" * 26, "d" * 26


class Shop:
    """One message in a worker's hands, with a slot of today."""

    def __init__(self, services: Services) -> None:
        self.outreach = Outreach(services)
        self.database = services.database
        self.box = self.outreach.mailbox(cap=10)
        message = NewMessage(
            public_id=new_public_id(),
            kind=MailKind.MANUAL,
            mailbox_id=self.box,
            recipient="ann@winkel.example",
            address_digest=AddressDigest("a" * 32),
            sender="b+x@outreach.produfoto.example",
            subject_line="Foto's",
            wire=b"Subject: x\r\n\r\nx\r\n",
            due_at=NOW,
        )
        with self.database.transaction() as session:
            queue(session, message, now=NOW)
        self.id = self.message.id

    @property
    def message(self) -> Message:
        return self.outreach.messages()[0]

    def take(self, *, name: str = MINE) -> None:
        with self.database.transaction() as session:
            caps.reserve(session, self.box, NOW.date(), wanted=1, cap=10)
            claim = Claim(name, NOW + timedelta(seconds=60))
            claims.take(session, [self.id], claim, cap_day=NOW.date(), now=NOW)

    def mark(self, *, name: str = MINE) -> None:
        with self.database.transaction() as session:
            claims.mark_sending(session, [self.id], name, real_now=NOW, now=NOW)

    def hear(self, outcome: Outcome, *, name: str = MINE, speed: float = 1.0) -> dict[int, MessageState]:
        with self.database.transaction() as session:
            return results.record(session, name, {self.id: outcome}, now=NOW, speed=speed)

    def used(self) -> int:
        with self.database.reading() as session:
            return 10 - caps.left(session, self.box, NOW.date(), cap=10)
