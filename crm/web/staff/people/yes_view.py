"""What stands in the way of a yes, and what a colleague is told who says it second."""

from typing import Final

from flask import url_for

from crm.handoff.models import Lead
from crm.kernel.mail import MailKind
from crm.permission.decide import decide
from crm.permission.reasons import Reason
from crm.permission.words import Explanation, explain
from crm.queries.gate.facts import facts_for
from crm.web.context import now, reading, services

_STAND: Final = frozenset(
    {Reason.ADDRESS_REFUSED, Reason.DOMAIN_REFUSED, Reason.COMPANY_REFUSED, Reason.RESTRICTED}
)
"""Under these nothing about them is handed over (I27)."""

FIRST: Final = "known_yes"
"""In the address of a lead: whoever comes there wanted to note what somebody had noted."""


def in_the_way(prospect_id: int) -> list[Explanation]:
    """Each no that keeps them from being handed over, in the words of the gate."""
    facts = facts_for(reading(), [prospect_id], MailKind.OUTREACH, now(), services().settings)[prospect_id]
    return [explain(one) for one in decide(facts, now()).reasons if one.reason in _STAND]


def lead_there_is(lead: Lead) -> str:
    """The address of the lead, where it says who noted the yes, and when."""
    return url_for("leads.show", lead_id=lead.id, did=FIRST)
