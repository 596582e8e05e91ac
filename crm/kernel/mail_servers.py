"""The settings of the servers that take our mail and hold what comes back."""

import enum
from dataclasses import dataclass, field

from crm.kernel.environment import Reader, between

_PORT = between(1, 65_535)


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """The relay that takes our mail."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    tls: str
    """`starttls`, `implicit`, or `none`, which only loopback may have."""


class AfterReading(enum.StrEnum):
    """What becomes of a mail on its server once it is stored here."""

    FLAG = "flag"
    """It stays, marked."""

    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class ImapSettings:
    """The mailbox that answers and reports come to."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    tls: str
    """`implicit`, `starttls`, or `none`, which only loopback may have."""
    folder: str
    after: AfterReading


def _tls(text: str) -> str:
    if text not in {"starttls", "implicit", "none"}:
        raise ValueError("starttls, implicit, or none on this machine itself.")
    return text


def smtp(read: Reader) -> SmtpSettings:
    """The relay, in `CRM_SMTP_…`."""
    return SmtpSettings(
        host=read.need("CRM_SMTP_HOST"),
        port=read.parsed("CRM_SMTP_PORT", _PORT, default="587") or 587,
        user=read.get("CRM_SMTP_USER", ""),
        password=read.get("CRM_SMTP_PASSWORD", ""),
        tls=read.parsed("CRM_SMTP_TLS", _tls, default="starttls") or "starttls",
    )


def imap(read: Reader) -> ImapSettings | None:
    """The mailbox, in `CRM_IMAP_…`; None without a host: then mail comes in otherwise."""
    host = read.get("CRM_IMAP_HOST", "")
    if not host:
        return None
    tls = read.parsed("CRM_IMAP_TLS", _tls, default="implicit") or "implicit"
    return ImapSettings(
        host=host,
        port=read.parsed("CRM_IMAP_PORT", _PORT, default="993" if tls == "implicit" else "143") or 993,
        user=read.need("CRM_IMAP_USER"),
        password=read.need("CRM_IMAP_PASSWORD"),
        tls=tls,
        folder=read.get("CRM_IMAP_FOLDER", "INBOX"),
        after=read.choice("CRM_IMAP_AFTER", AfterReading, default="flag") or AfterReading.FLAG,
    )
