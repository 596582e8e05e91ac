"""Feedback-ID: by what a provider counts complaints, without naming anybody (Google's feedback loop)."""

import re
from typing import Final

from crm.kernel.domains import registrable_domain

_LONGEST: Final = 15  # characters of a sender's name, as Gmail reads it
_OTHER: Final = re.compile(r"[^a-z0-9]")


def feedback_id(sequence_id: int | None, step_id: int | None, mail_domain: str) -> str | None:
    """Step, sequence, kind and who sends, which stands last; None for a mail of no sequence.

    The same for everybody who gets this step: it says which text annoys, never whom.
    """
    if sequence_id is None or step_id is None:
        return None
    domain = registrable_domain(mail_domain) or mail_domain
    sender = _OTHER.sub("", domain.partition(".")[0].lower())[:_LONGEST]
    return f"step{step_id}:seq{sequence_id}:outreach:{sender or 'crm'}"
