"""From settings to services: the one place that knows every adapter."""

import os
from collections.abc import Mapping
from pathlib import Path

from crm.adapters.dns import DnsLookup
from crm.adapters.image_service import HttpImageService
from crm.adapters.inbox import MaildirInbox
from crm.adapters.mailbox import MailboxMailer
from crm.adapters.mailbox_viewer import MaildirViewer
from crm.adapters.sendgrid import SendGridMailer
from crm.adapters.smtp import SmtpMailer
from crm.adapters.smtp_session import Relay, TlsMode
from crm.bootstrap import home
from crm.delivery.ports import Mailer
from crm.kernel.clock import clocks_from, real_clock
from crm.kernel.db import Database
from crm.kernel.errors import InvalidSettingsError
from crm.kernel.public_links import PublicLinks
from crm.kernel.settings import MailerKind, Settings
from crm.privacy.journal import Journal
from crm.services import Services
from crm.tracking.addresses import TrustedProxies
from crm.tracking.dying_keys import DyingKeys

SENT, INBOX = home.SENT, home.INBOX


def settings_from(env: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process.

    Raises:
        InvalidSettingsError: with every problem in one message.
    """
    return Settings.from_env(os.environ if env is None else env)


def build_services(settings: Settings) -> Services:
    """Everything from outside, as the settings ask for it. Opens no connection yet.

    Raises:
        InvalidSettingsError: a value is well-formed but cannot be used (a relay without TLS, say).
    """
    kept = settings.var / SENT
    return Services(
        settings=settings,
        database=Database(settings.database_url),
        clocks=clocks_from(settings.var / "clock.json"),
        links=PublicLinks(
            settings.keys.public_links, base_url=settings.base_url, mail_domain=settings.mail_domain
        ),
        mailer=_mailer(settings, kept),
        sent_mail=MaildirViewer(kept) if settings.mailer is MailerKind.MAILBOX else None,
        inbox=MaildirInbox(settings.var / INBOX),
        mail_domains=DnsLookup(_name_servers(settings.name_server)),
        image_service=_image_service(settings),
        ip_keys=DyingKeys(settings.var / "ip-keys"),
        proxies=TrustedProxies.parse(settings.trusted_proxies, hops=settings.proxy_hops),
        journal=Journal(settings.var / "refusals.journal"),
    )


def _mailer(settings: Settings, kept: Path) -> Mailer:
    if settings.mailer is MailerKind.SENDGRID:
        return SendGridMailer(settings.sendgrid_key, real_clock, host=settings.sendgrid_host)
    smtp = settings.smtp
    if smtp is None:
        return MailboxMailer(kept)
    try:
        tls = TlsMode(smtp.tls)
    except ValueError:
        raise InvalidSettingsError(["CRM_SMTP_TLS: starttls, implicit, or none on loopback."]) from None
    return SmtpMailer(
        Relay(
            host=smtp.host,
            port=smtp.port,
            tls=tls,
            username=smtp.user or None,
            password=smtp.password or None,
            our_name=settings.mail_domain,
        )
    )


def _image_service(settings: Settings) -> HttpImageService | None:
    if not settings.image_service_url:
        return None
    return HttpImageService(settings.image_service_url, settings.keys.image_service, real_clock)


def _name_servers(text: str) -> list[tuple[str, int]] | None:
    if not text:
        return None
    host, _, port = text.rpartition(":")
    try:
        return [(host, int(port))]
    except ValueError:
        raise InvalidSettingsError(
            ["CRM_NAME_SERVER: an address and a port, such as 192.0.2.53:53."]
        ) from None
