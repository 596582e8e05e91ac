"""What an inbound mail turned out to be, in words that a workflow can act on."""

import enum
from dataclasses import dataclass
from datetime import date


class MailKind(enum.StrEnum):
    """The eight answers. Doubt is one of them: it pauses the sequence and asks a person."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    """A mail provider passed on that somebody pressed its spam button (RFC 5965)."""

    OPT_OUT = "opt_out"
    RIGHTS = "rights"
    """A request about their data; stops outreach as well (R-L14)."""

    AUTOMATIC = "automatic"
    NEWSLETTER = "newsletter"
    PERSON = "person"
    UNCLEAR = "unclear"


class Sub(enum.StrEnum):
    """Which one of its kind."""

    NONE = "none"

    ADDRESS = "address"
    """Bounce: this mailbox does not exist, or not any more."""

    DOMAIN = "domain"
    """Bounce: nobody at this domain can be reached."""

    FULL = "full"
    DISABLED = "disabled"
    SYSTEM = "system"
    AMBIGUOUS = "ambiguous"
    """Bounce: filtered, or no saying why."""

    POLICY = "policy"
    AUTHENTICATION = "authentication"
    CONTENT = "content"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    """Automatic: a report that the message arrived."""

    READ_RECEIPT = "read_receipt"

    ABUSE = "abuse"
    NOT_SPAM = "not_spam"

    UNSUBSCRIBE = "unsubscribe"
    DECLINED = "declined"
    """They are not interested: outreach stops, as after an opt-out."""

    OBJECTION = "objection"
    """They object (GDPR article 21)."""

    ACCESS = "access"
    SOURCE = "source"
    """They ask where we got their data."""

    ERASURE = "erasure"
    RECTIFICATION = "rectification"
    RESTRICTION = "restriction"

    OUT_OF_OFFICE = "out_of_office"
    LEFT_COMPANY = "left_company"
    MAILBOX_CLOSED = "mailbox_closed"
    TICKET = "ticket"
    CHALLENGE = "challenge"
    """A filter asks the sender to prove something. Never answered."""

    INTERESTED = "interested"
    """A person asks for a call, a price or an example."""

    OTHER_DESK = "other_desk"
    """A person says that somebody else decides."""

    NEGATED = "negated"
    """Unclear: words of an opt-out, and a no beside them."""

    NOT_NOW = "not_now"
    """Unclear: no for now, or no to one thing."""

    QUOTED = "quoted"
    """Unclear: words of an opt-out in a signature, or where quotes cannot be told from new text."""

    EMPTY = "empty"
    BROKEN = "broken"
    """Unclear: parts of the mail could not be read."""

    MIXED = "mixed"
    """Unclear: it looks automatic and says stop."""

    UNSURE = "unsure"
    """Unclear: nothing in it says that it is an ordinary answer."""

    WORD = "word"
    """Unclear: a word about rights or spam without a request."""


class Hardness(enum.StrEnum):
    """What a bounce says about the next attempt (RFC 3463)."""

    HARD = "hard"
    """Never again to this address or domain."""

    SOFT = "soft"
    """Counts; several stop it."""

    BLOCK = "block"
    """They refuse us or the message; the address stays valid."""

    OURS = "ours"
    """Our own set-up is wrong: stop sending to this provider."""

    CONTENT = "content"
    """This message is too big or badly formed: stop the step."""

    NONE = "none"
    """A delay, or no bounce at all."""


class Scope(enum.StrEnum):
    """For whom somebody speaks."""

    ADDRESS = "address"
    COMPANY = "company"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One mail, judged. Holds no text of the mail."""

    kind: MailKind
    sub: Sub = Sub.NONE
    hardness: Hardness = Hardness.NONE
    status: str = ""
    """Enhanced status code of a bounce, as `5.1.1`; empty when there was none."""

    until: date | None = None
    """The first day on which they are back."""

    scope: Scope = Scope.ADDRESS
    evidence: tuple[str, ...] = ()
    """Codes of the rules that spoke, the deciding one first; never words of the mail."""
