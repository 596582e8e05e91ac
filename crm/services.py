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
from crm.replies.ports import InboundMailbox
from crm.tracking.addresses import TrustedProxies
from crm.tracking.dying_keys import DyingKeys


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
