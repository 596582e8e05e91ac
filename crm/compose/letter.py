"""One message before it is bytes: everything that is in it, and nothing else may be."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from crm.compose.notices import Grounds, Measuring, Retention
from crm.kernel.addresses import EmailAddress
from crm.kernel.controller import Controller
from crm.kernel.errors import CrmError
from crm.kernel.mail import MANNERS, Frame, Language, MailKind

AutoSubmitted = Literal["auto-generated", "auto-replied"]
"""RFC 3834 section 5. Absent means: a person sent it."""


class LetterFaultError(CrmError, ValueError):
    """The letter lacks what its kind must have, or has what it must not; `parts` names the fields."""

    def __init__(self, parts: tuple[str, ...]) -> None:
        super().__init__("this letter cannot be written as it is: " + ", ".join(parts))
        self.parts = parts


class Sender(NamedTuple):
    """Who signs, with the address mail leaves from."""

    name: str
    address: EmailAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """All of one message. Texts arrive rendered; addresses of pages whole (https, or http to loopback)."""

    kind: MailKind
    language: Language
    subject: str
    body: str
    """Plain text of the writer; blank lines part paragraphs."""

    controller: Controller
    sender: Sender
    recipient: EmailAddress
    message_id: str
    """With its angle brackets, like all identifiers here."""

    date: datetime
    """Aware."""

    first_contact: bool = False
    """Adds the notice of article 14 and the objection of article 21(4)."""

    why: str = ""
    """One sentence, see `notices.why_line`."""

    source: str = ""
    """One sentence, see `notices.source_line`."""

    grounds: Grounds | None = None
    retention: Retention | None = None
    processors: tuple[str, ...] = ()
    """Names of those who handle the data for us, for the notice."""

    unsubscribe_url: str | None = None
    unsubscribe_mailto: str | None = None
    """A whole URI: `mailto:u+token@host`."""

    about_url: str | None = None
    pixel_url: str | None = None
    pixel_counts_only: bool = False
    """The pixel is the same for everybody and only counts (D4 `aggregate`)."""

    reply_to: EmailAddress | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    feedback_id: str | None = None
    auto_submitted: AutoSubmitted | None = None

    @property
    def measuring(self) -> Measuring:
        """What the recipient is told about the pixel."""
        if self.pixel_url is None:
            return Measuring.OFF
        return Measuring.AGGREGATE if self.pixel_counts_only else Measuring.INDIVIDUAL


@dataclass(frozen=True, slots=True)
class Composed:
    """The finished message, as text for people and as bytes for the wire."""

    subject: str
    text: str
    html: str
    wire: bytes
    headers: tuple[tuple[str, str], ...]
    """Names and encoded values as on the wire, without Content-Type: for providers that take JSON."""


def require_whole(letter: Letter) -> None:
    """Hold a letter to the table of kinds (D10): staff can leave nothing out that a recipient must see.

    Raises:
        LetterFaultError: names every part at fault.
    """
    manners = MANNERS[letter.kind]
    is_letter = manners.frame is Frame.LETTER
    first = letter.first_contact
    wrong = {
        "controller": manners.frame is not Frame.PLAIN and not letter.controller.complete,
        "subject": not letter.subject.strip(),
        "body": not letter.body.strip(),
        "why": is_letter and not letter.why.strip(),
        "source": is_letter and not letter.source.strip(),
        "unsubscribe_url": manners.one_click != bool(letter.unsubscribe_url),
        "unsubscribe_mailto": not manners.one_click and letter.unsubscribe_mailto is not None,
        "about_url": manners.one_click and not letter.about_url,
        "pixel_url": letter.pixel_url is not None and not manners.pixel,
        "first_contact": first and not is_letter,
        "grounds": first and letter.grounds is None,
        "retention": first and letter.retention is None,
    }
    parts = tuple(part for part, is_wrong in wrong.items() if is_wrong)
    if parts:
        raise LetterFaultError(parts)
