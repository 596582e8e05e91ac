"""From settings to services: the one place that knows every adapter."""

import logging
import os
from collections.abc import Mapping
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from crm.adapters.dns import DnsLookup
from crm.adapters.image_service import HttpImageService
from crm.adapters.imap import ImapInbox
from crm.adapters.imap_session import ImapPlace
from crm.adapters.inbox import MaildirInbox
from crm.adapters.mailbox import MailboxMailer
from crm.adapters.mailbox_viewer import MaildirViewer
from crm.adapters.sendgrid import SendGridMailer
from crm.adapters.sendgrid_account import SendGridAccount
from crm.adapters.sendgrid_hook import SendGridHook
from crm.adapters.smtp import SmtpMailer
from crm.adapters.smtp_session import Relay, TlsMode
from crm.bootstrap import home
from crm.delivery.ports import Mailer
from crm.kernel.clock import clocks_from, real_clock
from crm.kernel.db import Database
from crm.kernel.errors import InvalidSettingsError
from crm.kernel.mail_servers import AfterReading
from crm.kernel.public_links import PublicLinks
from crm.kernel.settings import MailerKind, Settings
from crm.privacy.journal import Journal
from crm.queries.keeping.same_keys import same_keys
from crm.replies.ports import InboundMailbox, PostSignature
from crm.services import Services
from crm.tracking.addresses import TrustedProxies
from crm.tracking.dying_keys import DyingKeys

log = logging.getLogger(__name__)

SENT, INBOX = home.SENT, home.INBOX
NOT_ITS_KEYS: Final = (
    "The address keys are not those of this database, so no refusal would be found. Put back the folder of "
    "keys that belongs to it, or say where it is with CRM_KEYS_DIR."
)


def settings_from(env: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process.

    Raises:
        InvalidSettingsError: with every problem in one message.
    """
    return Settings.from_env(os.environ if env is None else env)


def check_settings(settings: Settings) -> None:
    """Judge what only the adapters can judge: a key that is none, an address that is not safe.

    Raises:
        InvalidSettingsError: with every problem in one message.
    """
    problems: list[str] = []
    for make in (
        _mailer,
        _account,
        _event_hook,
        _inbound_signature,
        _inbox,
        _lookup,
        _image_service,
        _proxies,
    ):
        try:
            make(settings)
        except InvalidSettingsError as error:
            problems += error.problems
    if problems:
        raise InvalidSettingsError(problems)


def build_services(settings: Settings) -> Services:
    """Everything from outside, as the settings ask for it. Opens no connection yet.

    Raises:
        InvalidSettingsError: a value is well-formed but cannot be used (a relay without TLS, say).
    """
    check_settings(settings)
    mailer = _mailer(settings)
    return Services(
        settings=settings,
        database=Database(settings.database_url),
        clocks=clocks_from(settings.var / "clock.json"),
        links=PublicLinks(
            settings.keys.public_links, base_url=settings.base_url, mail_domain=settings.mail_domain
        ),
        mailer=mailer,
        relay=mailer if isinstance(mailer, SmtpMailer) else None,
        sent_mail=MaildirViewer(settings.var / SENT) if settings.mailer is MailerKind.MAILBOX else None,
        account=_account(settings),
        event_hook=_event_hook(settings),
        inbound_signature=_inbound_signature(settings),
        inbox=_inbox(settings),
        mail_domains=_lookup(settings),
        image_service=_image_service(settings),
        ip_keys=DyingKeys(settings.var / "ip-keys"),
        proxies=_proxies(settings),
        journal=Journal(settings.var / "refusals.journal"),
    )


def check_keys(services: Services) -> None:
    """Refuse keys that are not those of the database, as after a restore without them, or on a new machine.

    Raises:
        InvalidSettingsError: no refusal would be found with them.
    """
    try:
        with services.database.reading() as session:
            fits = same_keys(session, services.settings.keys.addresses)
    except SQLAlchemyError:
        return  # it does not answer, or is not migrated yet: nothing can leave either
    if not fits:
        raise InvalidSettingsError([NOT_ITS_KEYS])


def _mailer(settings: Settings) -> Mailer:
    if settings.mailer is MailerKind.SENDGRID:
        return SendGridMailer(settings.sendgrid_key, real_clock, host=settings.sendgrid_host)
    smtp = settings.smtp
    if smtp is None:
        return MailboxMailer(settings.var / SENT)
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


def _inbox(settings: Settings) -> InboundMailbox:
    imap = settings.imap
    if imap is None:
        return MaildirInbox(settings.var / INBOX)
    try:
        tls = TlsMode(imap.tls)
    except ValueError:
        raise InvalidSettingsError(["CRM_IMAP_TLS: implicit, starttls, or none on loopback."]) from None
    return ImapInbox(
        ImapPlace(
            host=imap.host,
            port=imap.port,
            username=imap.user,
            password=imap.password,
            tls=tls,
            folder=imap.folder,
            delete=imap.after is AfterReading.DELETE,
        )
    )


def _account(settings: Settings) -> SendGridAccount | None:
    if settings.mailer is not MailerKind.SENDGRID:
        return None
    if not settings.sendgrid_event_keys:
        log.warning("what SendGrid reports is not believed: CRM_SENDGRID_EVENT_KEYS is not set")
    return SendGridAccount(settings.sendgrid_key, real_clock, host=settings.sendgrid_host)


def _event_hook(settings: Settings) -> SendGridHook | None:
    return SendGridHook(settings.sendgrid_event_keys) if settings.sendgrid_event_keys else None


def _inbound_signature(settings: Settings) -> PostSignature | None:
    keys = settings.sendgrid_inbound_keys
    return SendGridHook(keys, setting="CRM_SENDGRID_INBOUND_KEYS") if keys else None


def _proxies(settings: Settings) -> TrustedProxies:
    return TrustedProxies.parse(settings.trusted_proxies, hops=settings.proxy_hops)


def _lookup(settings: Settings) -> DnsLookup:
    return DnsLookup(_name_servers(settings.name_server))


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
