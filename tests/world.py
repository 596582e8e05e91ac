"""Settings and services as an installation under test has them: real parts inside, fakes outside."""

from pathlib import Path

from crm.adapters.sendgrid_hook import SendGridHook
from crm.kernel import keys
from crm.kernel.clock import Clocks
from crm.kernel.db import Database
from crm.kernel.public_links import PublicLinks
from crm.kernel.settings import Settings
from crm.privacy.journal import Journal
from crm.services import Services
from crm.tracking.addresses import TrustedProxies
from crm.tracking.dying_keys import DyingKeys
from tests.fakes import MemoryImageService, MemoryInbox, MemoryMailDomains, MemoryMailer

CONTROLLER = {
    "CRM_CONTROLLER_NAME": "Produfoto",
    "CRM_CONTROLLER_KVK": "42060740",
    "CRM_CONTROLLER_VAT": "NL005465581B96",
    "CRM_CONTROLLER_LOCATION": "3769 TR Soesterberg",
    "CRM_CONTROLLER_EMAIL": "rezfan@produfoto.com",
}


def environment(var: Path, database_url: str) -> dict[str, str]:
    """What `./scripts/run` would set, for a public address that is not loopback."""
    return {
        "CRM_VAR": str(var),
        "CRM_DATABASE_URL": database_url,
        "CRM_BASE_URL": "https://outreach.produfoto.example",
        "CRM_MAIL_DOMAIN": "outreach.produfoto.example",
        "CRM_STORAGE_REGION": "eu-nl",
        **CONTROLLER,
    }


def settings(var: Path, database_url: str, **more: str) -> Settings:
    """Settings with fresh keys in a folder of the test's own."""
    var.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys.make_missing(var / "keys")
    return Settings.from_env({**environment(var, database_url), **more})


def services(settings: Settings, database: Database, clocks: Clocks) -> Services:
    """Everything a door needs; mail stays in memory."""
    return Services(
        settings=settings,
        database=database,
        clocks=clocks,
        links=PublicLinks(
            settings.keys.public_links, base_url=settings.base_url, mail_domain=settings.mail_domain
        ),
        mailer=MemoryMailer(),
        sent_mail=None,
        account=None,
        event_hook=SendGridHook(settings.sendgrid_event_keys) if settings.sendgrid_event_keys else None,
        inbox=MemoryInbox(),
        mail_domains=MemoryMailDomains(),
        image_service=MemoryImageService(),
        ip_keys=DyingKeys(settings.var / "ip-keys"),
        proxies=TrustedProxies.parse(settings.trusted_proxies, hops=settings.proxy_hops),
        journal=Journal(settings.var / "refusals.journal"),
    )
