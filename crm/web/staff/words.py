"""The program's codes in a colleague's words, with the tone they are shown in."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from crm.delivery.models import MessageState
from crm.permission.findings import Verdict
from crm.permission.reasons import Weight
from crm.prospects.models import Status
from crm.sequences.models import StopReason
from crm.staff.roles import Act

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

MAILBOX_PAUSED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "by_staff": "A colleague paused it.",
        "authentication": "Its domain fails SPF, DKIM or DMARC.",
        "our_proof": "Recipients' servers do not believe that the mail is ours.",
        "login_refused": "The provider refused our login or key.",
        "sender_refused": "The provider does not let us send, or not as this address.",
        "tls_failed": "The connection to the provider could not be made safe.",
        "misconfigured": "The provider says that our settings are wrong.",
        "quota": "The provider says that our quota is used up.",
    }
)
"""Why nothing leaves a mailbox, by the code of its pause."""

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

WROTE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "person": "replied",
        "opt_out": "said no",
        "rights": "asked about their data",
        "automatic": "answered automatically",
        "bounce": "did not get it: it came back",
        "complaint": "reported it as spam",
        "unproven_complaint": "may have reported a mail as spam; nothing proves that it was ours",
        "newsletter": "sent a newsletter",
        "unclear": "wrote; we are not sure what they mean",
    }
)
"""After `They`."""

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

WISH: Final[Mapping[str, str]] = MappingProxyType(
    {
        "address": "told us never to contact them again",
        "domain": "told us to leave their whole company alone",
        "sequence": "stopped a series of mails",
        "measuring": "do not want us to measure whether they read mails",
        "snooze": "asked us to write later",
        "lifted": "let us write again: that no was lifted",
        "right_access": "asked for a copy of their data",
        "right_erasure": "asked to be erased",
        "right_rectification": "asked us to correct their data",
        "right_restriction": "asked us to use their data no further",
        "right_portability": "asked for their data as a file",
        "right_source": "asked where we got their data",
    }
)
"""What a person told us, after "They"."""

CHANNEL: Final[Mapping[str, str]] = MappingProxyType(
    {
        "page": "on the page behind the link",
        "one_click": "with the button of their mail program",
        "form": "on the page without a link",
        "reply": "in a mail",
        "hook": "through their mail provider",
        "staff": "to a colleague",
        "import": "in a list that was imported",
        "rectified": "at an earlier address",
    }
)
"""Where they told us so."""

LANGUAGES: Final[Mapping[str, str]] = MappingProxyType(
    {"nl": "Dutch", "en": "English", "de": "German", "fr": "French"}
)


ACT: Final[Mapping[Act, str]] = MappingProxyType(
    {
        Act.SEE: "look at everything",
        Act.NOTE: "notes, answers, stages, conversions",
        Act.TASK: "tick tasks off",
        Act.EDIT: "change prospects",
        Act.IMPORT: "import files",
        Act.ENROL: "enrol, pause and stop people",
        Act.REFUSE: "write down a no",
        Act.PUBLISH: "write and publish sequences",
        Act.RESOLVE: "decide on mails in doubt",
        Act.PAUSE: "stop and start sending",
        Act.ERASE: "erase people",
        Act.EXPORT: "take a copy of all data of a person",
        Act.SETTINGS: "change settings",
        Act.STAFF: "invite colleagues, change roles",
    }
)


def initials(name: str) -> str:
    """Two letters for a face."""
    parts = [part for part in name.split() if part[:1].isalnum()]
    ends = parts[:1] + parts[-1:] if len(parts) > 1 else parts
    return "".join(part[0] for part in ends).upper() or "?"
