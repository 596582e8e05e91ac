"""What a manual step asks of a colleague."""

from crm.sequences.shape import StepText


def title_of(text: StepText) -> str:
    """What to do, on one line."""
    return " ".join((text.subject or text.body).split())[:500]
