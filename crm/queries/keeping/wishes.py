"""What somebody told us about our writing to them: every no, and every right they used."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.privacy.models import Refusal, RefusalKey, RightsRequest
from crm.prospects.models import SpellingKey
from crm.queries.pages.events import Event, Kind


def wishes(session: Session, prospect_id: int) -> Iterator[Event]:
    """Refusals under any spelling of their address, lifted ones too, and requests of theirs."""
    spellings = select(SpellingKey.digest).where(SpellingKey.prospect_id == prospect_id)
    theirs = select(RefusalKey.refusal_id).where(RefusalKey.digest.in_(spellings))
    for refusal in session.scalars(select(Refusal).where(Refusal.id.in_(theirs))):
        yield Event(
            Kind.WISH, refusal.refused_at, refusal.id, code=refusal.scope.value, detail=refusal.channel
        )
        if refusal.lifted_at is not None:
            yield Event(Kind.WISH, refusal.lifted_at, refusal.id, code="lifted")
    requests = select(RightsRequest).where(RightsRequest.prospect_id == prospect_id)
    for request in session.scalars(requests):
        yield Event(
            Kind.WISH, request.received_at, request.id, code=f"right_{request.kind}", detail=request.channel
        )
