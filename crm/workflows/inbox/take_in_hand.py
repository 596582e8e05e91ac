"""What may follow from an inbound mail is locked first, in one order: two colleagues may answer at once."""

from sqlalchemy import and_, or_
from sqlalchemy.orm import Session

from crm.queries.inbox.correspondence import Match
from crm.replies.reading import ReadMail
from crm.sequences import order
from crm.sequences.enrolments import ACTIVE
from crm.sequences.models import Enrolment
from crm.workflows.inbox.hold_colleagues import colleagues, everybody


def take_in_hand(session: Session, mail: ReadMail, found: Match) -> None:
    """Lock the enrolments of its message, of its person and of their company, before anything is written.

    A row that names a message locks that message as well, so this comes before the mail is noted.
    """
    theirs = []
    if found.message is not None and found.message.enrolment_id is not None:
        theirs.append(Enrolment.id == found.message.enrolment_id)
    people = [] if found.prospect_id is None else [Enrolment.prospect_id == found.prospect_id]
    if found.company_id is not None:
        people.append(Enrolment.prospect_id.in_(everybody(found.company_id)))
    company = colleagues(found.prospect_id, mail.sender.domain if mail.sender else "")
    if company is not None:
        people.append(Enrolment.prospect_id.in_(company))
    if people:
        theirs.append(and_(or_(*people), Enrolment.state.in_(ACTIVE)))
    if theirs:
        order.lock_where(session, or_(*theirs))
