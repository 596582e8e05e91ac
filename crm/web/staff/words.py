"""The program's codes in a colleague's words, with the tone they are shown in."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from crm.delivery.models import MessageState
from crm.permission.findings import Verdict
from crm.permission.reasons import Weight
from crm.prospects.models import Status
from crm.sequences.models import StopReason

STATUS: Final[Mapping[Status, tuple[str, str]]] = MappingProxyType(
    {
        Status.NEW: ("New", "info"),
        Status.CONTACTED: ("Contacted", ""),
        Status.REPLIED: ("Replied", "plum"),
        Status.MEETING: ("Meeting", "hot"),
        Status.CONVERTED: ("Converted", "yes"),
        Status.LOST: ("Lost", ""),
    }
)

VERDICT: Final[Mapping[Verdict, str]] = MappingProxyType(
    {Verdict.ALLOW: "yes", Verdict.WAIT: "wait", Verdict.DENY: "no"}
)

WEIGHT: Final[Mapping[Weight, str]] = MappingProxyType(
    {Weight.OK: "yes", Weight.WAIT: "wait", Weight.DENY: "no"}
)

MESSAGE: Final[Mapping[MessageState, tuple[str, str]]] = MappingProxyType(
    {
        MessageState.HELD: ("waits for approval", "wait"),
        MessageState.DUE: ("planned", "info"),
        MessageState.CLAIMED: ("leaving", "info"),
        MessageState.SENDING: ("leaving", "info"),
        MessageState.SENT: ("sent", ""),
        MessageState.DELIVERED: ("delivered", "yes"),
        MessageState.BOUNCED: ("came back", "no"),
        MessageState.COMPLAINED: ("reported as spam", "no"),
        MessageState.WITHHELD: ("withheld: we may not write", "no"),
        MessageState.REJECTED: ("not taken by their server", "no"),
        MessageState.UNCERTAIN: ("we do not know whether it left", "wait"),
        MessageState.NOT_SENT: ("did not leave", ""),
        MessageState.CANCELLED: ("taken back before it left", ""),
    }
)

STOPPED: Final[Mapping[StopReason, str]] = MappingProxyType(
    {
        StopReason.COMPLETED: "ran to its end",
        StopReason.REPLIED: "stopped by itself: they replied",
        StopReason.REFUSED: "stopped: they said no",
        StopReason.BOUNCED: "stopped: their address does not work",
        StopReason.CONVERTED: "stopped: they said yes",
        StopReason.MEETING: "stopped: a meeting was noted",
        StopReason.BY_STAFF: "stopped by a colleague",
        StopReason.NOT_ALLOWED: "stopped: we may not write",
        StopReason.BLOCKED: "waits: a text lacked a value",
        StopReason.OUT_OF_OFFICE: "waits until they are back",
        StopReason.SNOOZED: "waits: they asked us to write later",
        StopReason.IN_DOUBT: "waits for a person: we are not sure",
        StopReason.TOO_LATE: "waits: the step was due too long ago",
        StopReason.REJECTED: "stopped: their server did not take the mail",
    }
)

REPLY: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "person": ("Replied", "plum"),
        "opt_out": ("Said no", "no"),
        "rights": ("Asks about their data", "wait"),
        "automatic": ("Automatic answer", ""),
        "bounce": ("Came back", "no"),
        "complaint": ("Spam report", "no"),
        "newsletter": ("Newsletter", ""),
        "unclear": ("We are not sure", "wait"),
        "": ("Not read yet", ""),
    }
)

OPENED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "person": "reached somebody, probably",
        "proxy": "was shown through their mail provider",
        "machine": "was fetched by a machine, which tells nothing",
        "scanner": "was checked by a security scanner",
    }
)

LEAD: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "queued": ("said yes; the lead waits for the image service", "info"),
        "conflict": ("the image service has another lead under this key", "no"),
        "refused": ("the image service did not take the lead", "no"),
        "handed_over": ("handed over to the image service", "info"),
        "started": ("used the sign-up link", "info"),
        "signed_up": ("signed up", "yes"),
        "first_image": ("made a first image", "yes"),
        "paid": ("paid", "yes"),
        "closed": ("closed their account", ""),
    }
)

SOURCE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "website": "their website",
        "fair": "a trade fair",
        "referral": "a referral",
        "inbound": "they wrote first",
        "customer": "a customer",
        "register": "a public register",
    }
)

LANGUAGES: Final[Mapping[str, str]] = MappingProxyType(
    {"nl": "Dutch", "en": "English", "de": "German", "fr": "French"}
)


def initials(name: str) -> str:
    """Two letters for a face."""
    parts = [part for part in name.split() if part[:1].isalnum()]
    ends = parts[:1] + parts[-1:] if len(parts) > 1 else parts
    return "".join(part[0] for part in ends).upper() or "?"
