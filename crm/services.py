"""What comes from outside, as one typed bundle: the doors hand it down, the roof fills it."""

from dataclasses import dataclass

from crm.delivery.account_ports import ProviderAccount
from crm.delivery.event_ports import EventHook
from crm.delivery.ports import Mailer, RelayCheck, SentMailViewer
from crm.domains.ports import MailDomainLookup
from crm.handoff.ports import ImageService
from crm.kernel.clock import Clocks
from crm.kernel.db import Database
from crm.kernel.public_links import PublicLinks
from crm.kernel.settings import Settings
from crm.privacy.journal import Journal
from crm.prospects import uploads
from crm.replies.ports import InboundMailbox, PostSignature
from crm.tracking.addresses import TrustedProxies
from crm.tracking.dying_keys import DyingKeys
from crm.workflows.holding.pause import Desk as PauseDesk
from crm.workflows.inbox.understand_mail import ReadingRoom
from crm.workflows.leads.hand_off import Counter
from crm.workflows.people.import_batch import Intake
from crm.workflows.planning.write_letter import Desk
from crm.workflows.refusals.patience import PATIENCE
from crm.workflows.refusals.refuse import Desk as RefusalDesk


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

    account: ProviderAccount | None
    """The mail provider's account; None where the mailer has none."""

    event_hook: EventHook | None
    """Reads what a provider posts; None until it has a key to believe it by."""

    inbox: InboundMailbox
    mail_domains: MailDomainLookup
    image_service: ImageService | None
    """None until its address is set: leads wait."""

    ip_keys: DyingKeys
    proxies: TrustedProxies
    journal: Journal
    inbound_signature: PostSignature | None = None
    """None: the secret in the address is all that a post of inbound mail has to know."""

    relay: RelayCheck | None = None
    """Only the `smtp` mailer has one."""

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

    @property
    def pause_desk(self) -> PauseDesk:
        """What pausing takes."""
        return PauseDesk(self.database, self.clocks.real)

    def refusal_desk(self, *, patience: float = PATIENCE) -> RefusalDesk:
        """What writing a no down takes; `patience` in seconds for a message that is leaving."""
        return RefusalDesk(
            database=self.database,
            ring=self.settings.keys.addresses,
            journal=self.journal,
            real=self.clocks.real,
            patience=patience,
        )
