"""Feedback reports: a mail provider passes on what its user did with our message (RFC 5965)."""

from typing import Final

from crm.replies.folding import fold
from crm.replies.reading import ReadMail
from crm.replies.verdicts import MailKind, Sub, Verdict

_HARMLESS: Final = frozenset({"not-spam", "auth-failure", "dmarc"})


def complaint_of(mail: ReadMail) -> Verdict | None:
    """The verdict on a feedback report; None when the mail is none.

    Every type counts as a complaint but those that say the opposite or speak about our set-up.
    """
    if mail.parts.report != "feedback-report":
        return None
    kinds = {fold(block["feedback-type"]).strip() for block in mail.parts.blocks if "feedback-type" in block}
    if kinds and kinds <= _HARMLESS:
        return Verdict(MailKind.AUTOMATIC, Sub.NOT_SPAM, evidence=("report.feedback_harmless",))
    return Verdict(MailKind.COMPLAINT, Sub.ABUSE, evidence=("report.feedback",))
