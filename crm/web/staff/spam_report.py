"""A spam report without proof, in words: what arrived, what it means, and what to do."""

from typing import Any, Final, NamedTuple

from flask import url_for

from crm.queries import today as query
from crm.replies.models import InboundMail
from crm.replies.verdicts import MailKind
from crm.web.context import reading

KIND: Final = MailKind.COMPLAINT.value


class _Words(NamedTuple):
    line: str
    means: str
    advice: str


_NAMED: Final = _Words(
    line="A mail provider says that they marked a mail as spam.",
    means=(
        "The report names their address, but carries nothing that proves the mail was ours. Anybody can "
        "write such a report, so nothing is final: only their sequences wait."
    ),
    advice="If you think it is true, write it down as a no. If not, let their sequences go on.",
)
_NOBODY: Final = _Words(
    line="A mail provider says that somebody marked a mail of ours as spam. Nobody could be found for it.",
    means=(
        "The report names nobody we know, and carries nothing of ours that tells whose mail it was. Nobody "
        "was stopped because of it."
    ),
    advice=(
        "Read it, and write down a no for whoever you think it is about. If such reports repeat themselves, "
        "look at the text, and at where the addresses came from."
    ),
)


def line(prospect_id: int | None) -> str:
    """The report in the queue; its own text says nothing of what it means here."""
    return _words(prospect_id).line


def of(mail: InboundMail) -> dict[str, Any] | None:
    """What stands beside it, with the text it is about where it tells; None for any other mail."""
    if mail.kind != KIND:
        return None
    words = _words(mail.prospect_id)
    text = query.text_complained_about(reading(), mail.evidence)
    return {
        "means": words.means,
        "advice": words.advice,
        "text": f"step {text.position} of “{text.sequence}”" if text else "",
        "href": url_for("sequences.show", sequence_id=text.sequence_id) if text else "",
    }


def _words(prospect_id: int | None) -> _Words:
    return _NAMED if prospect_id is not None else _NOBODY
