"""Faults planted on purpose, each in every process of a race. A pair without one proves nothing."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from crm.delivery import claims
from crm.delivery.claims import LEASE, Claim
from crm.delivery.models import Mailbox, Message, MessageState
from crm.kernel.db import Database
from crm.kernel.prepared import Prepared, one_of
from crm.queries.sending.outgoing import candidates
from crm.sequences.models import Enrolment
from crm.workflows.sending import claim, dispatch
from crm.workflows.sending.ask_again import Moment
from crm.workflows.sending.claim import Batch, claim_batch
from crm.workflows.sending.judge import Leaving
from tests.crash import plants as of_crashes
from tests.simulation.planting import put

Changes = tuple[tuple[Any, str, object], ...]
"""What is replaced: owner, name, by what."""

ENROLMENTS: Final = Enrolment.metadata.tables["enrolments"]
_messages = Message.metadata.tables["messages"]
_m = _messages.c


def _claim_what_was_due(database: Database, *of: Any, now: Any, **more: Any) -> Batch:
    """Look first, and open the transaction that claims afterwards."""
    with database.reading() as session:
        boxes = session.scalars(select(Mailbox.id)).all()
        kinds = claim.EVERY_KIND
        seen = {box: candidates(session, box, now=now, kinds=kinds, limit=100) for box in boxes}

    def as_seen(_session: Session, box: int, *, limit: int, **_more: Any) -> list[Any]:
        return seen[box][:limit]

    with put((claim, "candidates", as_seen)):
        return claim_batch(database, *of, now=now, **more)


_TAKE_ANYTHING = Prepared(
    update(_messages)
    .where(one_of(_m.id, "ids"))
    .values(
        state=MessageState.CLAIMED,
        claim_id=bindparam("claim"),
        lease_until=bindparam("lease"),
        cap_day=bindparam("slot"),
        attempt=_m.attempt + 1,
        changed_at=bindparam("now"),
    )
    .returning(_m.id)
)


def _mark_for_ever(
    session: Session, ids: Sequence[int], held: Claim, *, now: Moment, **more: Any
) -> list[Leaving]:
    """Go on with what was claimed once, whoever has it by now."""
    lease = now.real + LEASE
    ours = {"state": MessageState.CLAIMED, "claim_id": held.id, "lease_until": lease}
    session.execute(update(_messages).where(_m.id.in_(ids)).values(**ours))
    return of_crashes._mark_without_asking(session, ids, held, now=now, **more)  # noqa: SLF001 - the same fault


NO_GATE: Changes = ((dispatch, "ask_again", of_crashes._mark_without_asking),)  # noqa: SLF001 - the same fault
NO_STATE: Changes = ((dispatch, "claim_batch", _claim_what_was_due), (claims, "_TAKE", _TAKE_ANYTHING))
NO_LEASE: Changes = ((dispatch, "ask_again", _mark_for_ever), (dispatch, "HAND_OVER", -LEASE * 1_000))
