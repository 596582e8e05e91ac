"""The settings, read once from the environment, with every problem in one message."""

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import urlsplit

from crm.kernel.controller import Controller
from crm.kernel.errors import InvalidSettingsError
from crm.kernel.keys import Keys
from crm.kernel.keys import read as read_keys

T = TypeVar("T")


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
class SmtpSettings:
    """The relay that takes our mail."""

    host: str
    port: int
    user: str
    password: str
    tls: str
    """`starttls`, `implicit`, or `none`, which only loopback may have."""


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

    mailer: MailerKind
    smtp: SmtpSettings | None
    sendgrid_key: str
    sendgrid_host: str
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
        read = _Reader(env)
        var = Path(read.need("CRM_VAR")).absolute()
        base_url = read.parsed("CRM_BASE_URL", _base_url, default="")
        mailer = read.choice("CRM_MAILER", MailerKind, default="mailbox")
        keys, problems = read_keys(Path(read.get("CRM_KEYS_DIR", str(var / "keys"))))
        read.problems += problems
        settings = cls(
            var=var,
            database_url=read.get("CRM_DATABASE_URL", f"sqlite:///{var / 'crm.db'}"),
            base_url=base_url or "",
            keys=keys,  # type: ignore[arg-type] # None is among the problems, and then nothing is returned
            controller=_controller(read),
            mail_domain=read.get("CRM_MAIL_DOMAIN", "outreach.produfoto.example"),
            mailer=mailer or MailerKind.MAILBOX,
            smtp=_smtp(read) if mailer is MailerKind.SMTP else None,
            sendgrid_key=read.need("CRM_SENDGRID_KEY") if mailer is MailerKind.SENDGRID else "",
            sendgrid_host=read.get("CRM_SENDGRID_HOST", "https://api.eu.sendgrid.com"),
            tracking=read.choice("CRM_TRACKING", Tracking, default="policy") or Tracking.OFF,
            trusted_proxies=tuple(read.get("CRM_TRUSTED_PROXIES", "").replace(",", " ").split()),
            proxy_hops=read.parsed("CRM_PROXY_HOPS", int, default="1") or 1,
            image_service_url=read.get("CRM_IMAGE_SERVICE_URL", ""),
            name_server=read.get("CRM_NAME_SERVER", ""),
            retention_months=read.parsed("CRM_RETENTION_MONTHS", _months, default="12") or 12,
            storage_region=read.parsed("CRM_STORAGE_REGION", _region, default="") or "",
            demo=read.flag("CRM_DEMO"),
        )
        if read.problems:
            raise InvalidSettingsError(read.problems)
        return settings


_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class _Reader:
    """Reads variables and remembers what was wrong with them."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self.problems: list[str] = []

    def get(self, name: str, default: str) -> str:
        return self._env.get(name, "").strip() or default

    def need(self, name: str) -> str:
        value = self.get(name, "")
        if not value:
            self.problems.append(f"{name} is not set.")
        return value

    def parsed(self, name: str, parse: Callable[[str], T], *, default: str) -> T | None:
        try:
            return parse(self.get(name, default))
        except ValueError as error:
            self.problems.append(f"{name}: {error}")
            return None

    def choice(self, name: str, kind: type[T], *, default: str) -> T | None:
        return self.parsed(name, kind, default=default)

    def flag(self, name: str) -> bool:
        value = self.get(name, "no").lower()
        if value not in {"yes", "no", "true", "false", "1", "0"}:
            self.problems.append(f"{name}: say yes or no.")
        return value in {"yes", "true", "1"}


def _base_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme == "http" and parts.hostname in _LOOPBACK:
        return text.rstrip("/")
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an https address (http only on this machine itself).")
    return text.rstrip("/")


def _months(text: str) -> int:
    months = int(text)
    if not 1 <= months <= 36:
        raise ValueError("between 1 and 36 months.")
    return months


def _region(text: str) -> str:
    # The policy (P21) says: "All data is stored on secure servers located within the European Union."
    if not text.lower().startswith(("eu-", "eu")):
        raise ValueError("say where data is stored; it must be a region in the European Union (eu-…).")
    return text


def _controller(read: _Reader) -> Controller:
    return Controller(
        name=read.need("CRM_CONTROLLER_NAME"),
        kvk=read.need("CRM_CONTROLLER_KVK"),
        vat=read.need("CRM_CONTROLLER_VAT"),
        location=read.need("CRM_CONTROLLER_LOCATION"),
        email=read.need("CRM_CONTROLLER_EMAIL"),
        street=read.get("CRM_CONTROLLER_STREET", "") or None,
    )


def _smtp(read: _Reader) -> SmtpSettings:
    return SmtpSettings(
        host=read.need("CRM_SMTP_HOST"),
        port=read.parsed("CRM_SMTP_PORT", int, default="587") or 587,
        user=read.get("CRM_SMTP_USER", ""),
        password=read.get("CRM_SMTP_PASSWORD", ""),
        tls=read.get("CRM_SMTP_TLS", "starttls"),
    )
