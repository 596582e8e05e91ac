"""The settings, read once from the environment, with every problem in one message."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from crm.kernel import mail_servers
from crm.kernel.controller import Controller
from crm.kernel.environment import Reader, between
from crm.kernel.errors import InvalidSettingsError
from crm.kernel.keys import Keys
from crm.kernel.keys import read as read_keys
from crm.kernel.mail_servers import ImapSettings, SmtpSettings


class MailerKind(enum.StrEnum):
    """Where mail goes."""

    MAILBOX = "mailbox"
    """A Maildir under var/: nothing leaves the machine."""

    SMTP = "smtp"
    SENDGRID = "sendgrid"


class Tracking(enum.StrEnum):
    """Who gets a pixel (D4)."""

    POLICY = "policy"
    CONSENT = "consent"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Settings:
    """What an installation is told from outside. Secrets come from key files, never with a default."""

    var: Path
    database_url: str
    base_url: str
    """Public address without a trailing slash; https unless it is loopback."""

    keys: Keys
    controller: Controller
    mail_domain: str
    """Domain of Message-IDs and of bounce, reply and unsubscribe addresses."""

    dkim_selectors: tuple[str, ...]
    """Where the keys that our mail is signed with stand in the name system."""

    mailer: MailerKind
    smtp: SmtpSettings | None
    imap: ImapSettings | None
    """None: mail comes in by the Maildir under var/ or by a hook."""

    sendgrid_key: str
    sendgrid_host: str
    sendgrid_event_keys: tuple[str, ...]
    """Public keys that SendGrid signs its events with, old and new; without one the door stays shut."""

    sendgrid_inbound_keys: tuple[str, ...]
    """Public keys that it signs inbound mail with, where a security policy says so."""

    tracking: Tracking
    trusted_proxies: tuple[str, ...]
    """Addresses, networks or `unix`: who may say where a request came from (D5)."""

    proxy_hops: int
    image_service_url: str
    name_server: str
    """`address:port` of the name server domain checks ask; empty for the machine's own."""

    retention_months: int
    """Months a prospect who never answered is kept (P24); twice that after an answer."""

    storage_region: str
    demo: bool

    @property
    def is_loopback(self) -> bool:
        """Tell whether the public address is this machine: the only place for http and plain cookies."""
        return (urlsplit(self.base_url).hostname or "") in _LOOPBACK

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read everything.

        Raises:
            InvalidSettingsError: with one line for each thing that is missing or wrong.
        """
        read = Reader(env)
        var = Path(read.need("CRM_VAR")).absolute()
        base_url = read.parsed("CRM_BASE_URL", _base_url, default="")
        mailer = read.choice("CRM_MAILER", MailerKind, default="mailbox")
        keys, problems = read_keys(Path(read.get("CRM_KEYS_DIR", str(var / "keys"))))
        read.problems += problems
        settings = cls(
            var=var,
            database_url=read.parsed("CRM_DATABASE_URL", _database, default=f"sqlite:///{var / 'crm.db'}")
            or "",
            base_url=base_url or "",
            keys=keys,  # type: ignore[arg-type] # None is among the problems, and then nothing is returned
            controller=_controller(read),
            mail_domain=read.get("CRM_MAIL_DOMAIN", "outreach.produfoto.example"),
            dkim_selectors=_selectors(read, mailer),
            mailer=mailer or MailerKind.MAILBOX,
            smtp=mail_servers.smtp(read) if mailer is MailerKind.SMTP else None,
            imap=mail_servers.imap(read),
            sendgrid_key=read.need("CRM_SENDGRID_KEY") if mailer is MailerKind.SENDGRID else "",
            sendgrid_host=read.parsed("CRM_SENDGRID_HOST", _base_url, default=_SENDGRID_IN_EUROPE) or "",
            sendgrid_event_keys=read.several("CRM_SENDGRID_EVENT_KEYS"),
            sendgrid_inbound_keys=read.several("CRM_SENDGRID_INBOUND_KEYS"),
            tracking=read.choice("CRM_TRACKING", Tracking, default="policy") or Tracking.OFF,
            trusted_proxies=read.several("CRM_TRUSTED_PROXIES"),
            proxy_hops=read.parsed("CRM_PROXY_HOPS", between(1, 9), default="1") or 1,
            image_service_url=read.parsed("CRM_IMAGE_SERVICE_URL", _service_url, default="") or "",
            name_server=read.get("CRM_NAME_SERVER", ""),
            retention_months=read.parsed("CRM_RETENTION_MONTHS", between(1, 36), default="12") or 12,
            storage_region=read.parsed("CRM_STORAGE_REGION", _region, default="") or "",
            demo=read.flag("CRM_DEMO"),
        )
        if read.problems:
            raise InvalidSettingsError(read.problems)
        return settings


_SENDGRID_IN_EUROPE = "https://api.eu.sendgrid.com"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def _selectors(read: Reader, mailer: MailerKind | None) -> tuple[str, ...]:
    usual = "s1 s2" if mailer is MailerKind.SENDGRID else ""
    return tuple(read.get("CRM_DKIM_SELECTORS", usual).replace(",", " ").split())


def _base_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme == "http" and parts.hostname in _LOOPBACK:
        return text.rstrip("/")
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an https address (http only on this machine itself).")
    return text.rstrip("/")


def _service_url(text: str) -> str:
    return _base_url(text) if text else ""


def _database(text: str) -> str:
    if not text.startswith(("sqlite://", "postgresql+psycopg://")):
        raise ValueError("sqlite:///file or postgresql+psycopg://user@host/name.")
    return text


def _region(text: str) -> str:
    # The policy (P21) says: "All data is stored on secure servers located within the European Union."
    if not (text.lower() == "eu" or text.lower().startswith("eu-")):
        raise ValueError("say where data is stored; it must be a region in the European Union (eu-…).")
    return text


def _controller(read: Reader) -> Controller:
    return Controller(
        name=read.need("CRM_CONTROLLER_NAME"),
        kvk=read.need("CRM_CONTROLLER_KVK"),
        vat=read.need("CRM_CONTROLLER_VAT"),
        location=read.need("CRM_CONTROLLER_LOCATION"),
        email=read.need("CRM_CONTROLLER_EMAIL"),
        street=read.get("CRM_CONTROLLER_STREET", "") or None,
    )
