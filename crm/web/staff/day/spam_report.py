"""A spam report without proof, in words: what arrived, what it means, and what to do."""

from typing import Any, Final, NamedTuple

from flask import url_for

from crm.kernel.readable import as_read
from crm.queries.inbox import complained
from crm.queries.pages import today as query
from crm.replies.complaints import recipients_of
from crm.replies.models import InboundMail
from crm.replies.reading import ReadMail, decoded, read
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
    advice="If you think it is true, write it down as a no. If not, resume their sequences.",
)
_OVER: Final = _NAMED._replace(
    means=(
        "The report names their address, but carries nothing that proves the mail was ours. Anybody can "
        "write such a report, so nothing is final. They are in no sequence that waits because of it."
    ),
    advice="If you think it is true, write it down as a no. If not, there is nothing to do.",
)
_NOBODY: Final = _Words(
    line="A mail provider says that somebody marked a mail of ours as spam. Nobody could be found for it.",
    means=(
        "The report names nobody we know, and carries nothing of ours that tells whose mail it was. Nobody "
        "was stopped because of it."
    ),
    advice=(
        "Read it, and write down a no on the page of whoever you think it is about. If such reports repeat "
        "themselves, look at the text, and at where the addresses came from."
    ),
)

_COMPANY: Final = _NOBODY._replace(
    means=(
        "The report names nobody we know, but an address at {company}, and carries nothing of ours that "
        "tells whose mail it was. Nothing is final: what runs for the people there waits, each with a "
        "question."
    ),
    advice=(
        "If you find out whom it is about, write down a no on their page, before you answer the questions "
        "of the others."
    ),
)


def line(prospect_id: int | None) -> str:
    """The report in the queue; its own text says nothing of what it means here."""
    return _words(prospect_id).line


def of(mail: InboundMail) -> dict[str, Any] | None:
    """What stands beside it, with the text it is about where it tells; None for any other mail."""
    if mail.kind != KIND:
        return None
    waits = mail.prospect_id is not None and query.waits(reading(), mail.prospect_id)
    text = query.text_complained_about(reading(), mail.evidence)
    found = read(mail.raw) if mail.raw else None  # kept for 14 days
    words = _OVER if mail.prospect_id is not None and not waits else _words(mail.prospect_id)
    if found is not None and mail.matched_by == "domain":
        words = _of_company(found) or words
    named = [str(one) for one in recipients_of(found)] if found else []
    return {
        "means": words.means,
        "advice": words.advice,
        "waits": waits,
        "text": f"step {text.position} of “{text.sequence}”" if text else "",
        "href": url_for("sequences.show", sequence_id=text.sequence_id) if text else "",
        "who": str(found.sender) if found and found.sender else "A mail provider",
        "headers": _told(found, named) if found else None,
        "look": url_for("prospects.listing", q=as_read(named[0]) if named else None),
    }


def _told(report: ReadMail, named: list[str]) -> list[tuple[str, str]]:
    """What it tells of the mail that it is about."""
    enclosed = report.parts.returned
    told = [("It names", as_read(", ".join(named)) or "nobody")]
    if subject := decoded(enclosed.get("subject", "")).strip():
        told.append(("About the mail", subject))
    if sent := enclosed.get("date", "").strip():
        told.append(("Sent", sent))
    return told


def _of_company(report: ReadMail) -> _Words | None:
    company = complained.company(reading(), report)
    if company is None:
        return None
    return _COMPANY._replace(means=_COMPANY.means.format(company=as_read(company.name)))


def _words(prospect_id: int | None) -> _Words:
    return _NAMED if prospect_id is not None else _NOBODY
