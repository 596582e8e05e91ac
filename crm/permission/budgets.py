"""How much mail is bearable: the defaults of the house, in one place (behaviour B16, standards §2.3)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final


@dataclass(frozen=True, slots=True)
class Budgets:
    """Limits on what one person, one company and one mailbox may see. All of them hold; the smallest wins."""

    gap_working_days: int = 3
    """Working days of the recipient between two mails to one person, over everything."""

    mails_a_year: int = 6
    """To one person in any 365 days."""

    sequences_a_person: int = 1
    sequences_a_company: int = 2
    unanswered_a_company: int = 6
    """Mails in a row to one company without any answer, ever."""

    cool_down: timedelta = timedelta(days=180)
    """After a sequence that nobody answered."""

    proof_age: timedelta = timedelta(days=365)
    """After which a published address has to be looked up again."""

    notice_days: int = 30
    """To be told by then, or forgotten: GDPR article 14(3)(a); a shorter month is a shorter term."""

    notice_warning_days: int = 23
    acknowledgement_gap: timedelta = timedelta(days=7)
    """Between two automatic acknowledgements to one address (RFC 3834)."""

    steps_a_sequence: int = 4
    step_gap_second: int = 3
    step_gap_third: int = 5
    step_gap_later: int = 8
    """Working days that are proposed before the second, the third and each later mail of a sequence."""

    mails_a_mailbox_day: int = 30
    mails_a_mailbox_day_at_most: int = 50
    mailbox_gap: timedelta = timedelta(minutes=10)
    ramp_start: int = 10
    ramp_step: int = 5
    """Mails a day a new mailbox starts with, and by how many it grows each day."""

    absence_return_working_days: int = 1
    absence_without_date: timedelta = timedelta(days=14)
    absence_at_most: timedelta = timedelta(days=60)
    soft_bounces: int = 3
    soft_bounces_of: int = 5
    """So many soft bounces of the last so many mails pause an address; one hard bounce closes it."""

    domain_grace: timedelta = timedelta(hours=72)
    """How long a fault of our own domain may stand before nothing is sent from it any more; real time."""

    late_working_days: int = 3
    """A step overdue by more becomes a task."""

    bounce_rate: float = 0.02
    complaint_rate: float = 0.001
    rate_over_mails: int = 50
    rate_over: timedelta = timedelta(days=7)
    undo: timedelta = timedelta(seconds=30)
    """Real time in which a mail written by hand can be taken back."""

    retention_months: int = 12
    retention_months_answered: int = 24


DEFAULTS: Final = Budgets()
