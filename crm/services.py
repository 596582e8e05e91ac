"""What comes from outside, as one typed bundle: the doors hand it down, the roof fills it."""

from dataclasses import dataclass

from crm.delivery.ports import Mailer, SentMailViewer
from crm.domains.ports import MailDomainLookup
from crm.handoff.ports import ImageService
from crm.kernel.clock import Clocks
from crm.kernel.db import Database
from crm.kernel.public_links import PublicLinks
from crm.kernel.settings import Settings
from crm.privacy.journal import Journal
from crm.prospects import uploads
from crm.replies.ports import InboundMailbox
from crm.tracking.addresses import TrustedProxies
from crm.tracking.dying_keys import DyingKeys
from crm.workflows.hand_off import Counter
from crm.workflows.import_batch import Intake
from crm.workflows.refuse import PATIENCE
from crm.workflows.refuse import Desk as RefusalDesk
from crm.workflows.understand_mail import ReadingRoom
from crm.workflows.write_letter import Desk


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a door may need from outside."""

    settings: Settings
    database: Database
    clocks: Clocks
    links: PublicLinks
    mailer: Mailer
    sent_mail: SentMailViewer | None
    """Only the `mailbox` mailer keeps what it took."""

    inbox: InboundMailbox
    mail_domains: MailDomainLookup
    image_service: ImageService | None
    """None until its address is set: leads wait."""

    ip_keys: DyingKeys
    proxies: TrustedProxies
    journal: Journal

    @property
    def desk(self) -> Desk:
        """What writing letters takes."""
        return Desk(self.settings, self.links)

    @property
    def intake(self) -> Intake:
        """What taking prospects in takes."""
        return Intake(
            database=self.database,
            ring=self.settings.keys.addresses,
            journal=self.journal,
            clocks=self.clocks,
            controller=self.settings.controller,
            uploads=uploads.folder_of(self.settings.var),
        )

    @property
    def counter(self) -> Counter | None:
        """What handing leads over takes; None while there is no image service."""
        if self.image_service is None:
            return None
        return Counter(self.database, self.clocks, self.image_service, self.desk)

    @property
    def reading_room(self) -> ReadingRoom:
        """What reading inbound mail takes."""
        return ReadingRoom(self.refusal_desk(), self.desk)

    def refusal_desk(self, *, patience: float = PATIENCE) -> RefusalDesk:
        """What writing a no down takes; `patience` in seconds for a message that is leaving."""
        return RefusalDesk(
            database=self.database,
            ring=self.settings.keys.addresses,
            journal=self.journal,
            real=self.clocks.real,
            patience=patience,
        )
