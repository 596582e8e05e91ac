"""The envelope as commands, with what a server offers to hear beside it.

Asked for where the server knows delivery reports (RFC 3461): a report when the message fails or is held up,
with our name for it (ENVID) and its headers only, so that nobody's text travels twice. Nothing is asked for
about success: a report of every arrival would be a tracking of its own.
"""

from dataclasses import dataclass

from crm.delivery.ports import Envelope

_XTEXT = {code: chr(code) for code in range(0x21, 0x7F) if chr(code) not in "+="}


@dataclass(frozen=True, slots=True)
class Extras:
    """What the server's greeting promised to take."""

    reports: bool = False
    """DSN (RFC 3461)."""

    size: bool = False
    """SIZE (RFC 1870): it may say no before it has to read."""

    def __bool__(self) -> bool:
        """Tell whether there is anything it could take back."""
        return self.reports or self.size


def mail_from(envelope: Envelope, extras: Extras) -> str:
    """Who it is from: an address that names the message, so that a report finds it even without ENVID."""
    words = [f"MAIL FROM:<{envelope.sender}>"]
    if extras.size:
        words.append(f"SIZE={len(envelope.wire)}")
    if extras.reports:
        words += ["RET=HDRS", f"ENVID={xtext(envelope.public_id)}"]
    return " ".join(words)


def rcpt_to(envelope: Envelope, extras: Extras) -> str:
    """Whom it is for."""
    words = [f"RCPT TO:<{envelope.recipient}>"]
    if extras.reports:
        words += ["NOTIFY=FAILURE,DELAY", f"ORCPT=rfc822;{xtext(envelope.recipient)}"]
    return " ".join(words)


def xtext(text: str) -> str:
    """ASCII as a parameter carries it: `+`, `=` and what is not printable as `+` and two hex digits."""
    return "".join(_XTEXT.get(code, f"+{code:02X}") for code in text.encode("ascii"))
