"""After a restore: what was refused and forgotten since the backup is refused and forgotten again (D7)."""

import logging
from dataclasses import dataclass
from datetime import datetime

from crm.audit import chain
from crm.kernel.db import Database
from crm.kernel.digests import AddressKeys
from crm.privacy import receipts, register
from crm.privacy.journal import Journal, Line
from crm.privacy.models import RefusalReason
from crm.queries.inbox import person
from crm.workflows.refusals.stop_writing import stop_writing

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Restored:
    """What the journal had that the database had not."""

    refusals: int
    erasures: int
    """Begun anew; `finish_erasures` carries them out."""

    unreadable: int
    """Lines that say nothing this program understands."""


def restore_refusals(database: Database, ring: AddressKeys, journal: Journal, *, at: datetime) -> Restored:
    """Replay the journal. Safe to run at every start: what the register knows is left alone.

    A line whose commit never happened is applied as well; that errs on the side of silence. Somebody who
    was erased and is back, because the backup is older than the erasure, is forgotten once more; somebody
    whose record was made after they asked is not.
    """
    refusals = erasures = unreadable = 0
    for line in _unknown(database, list(journal.lines())):
        try:
            keys, wish = register.wish_of(line)
        except ValueError:
            unreadable += 1
            continue
        with database.transaction() as session:
            found = person.find(session, ring, keys)
            refusals += register.record(session, keys, wish, reference=line.reference).is_news
            stop_writing(session, found.prospect_ids, wish, now=at)
            if wish.reason is RefusalReason.ERASURE and found.known and found.known.created_at <= wish.at:
                receipts.begin(session, found.digests[0], channel=wish.channel, at=wish.at)
                erasures += 1
    if refusals or unreadable:
        counts = {"refusals": refusals, "erasures": erasures, "unreadable": unreadable}
        log.warning("the journal of refusals knew more than the database", extra=counts)
        with database.transaction() as session:
            chain.append(session, actor=chain.PROGRAM, action="refusals.restored", detail=counts, at=at)
    return Restored(refusals, erasures, unreadable)


def _unknown(database: Database, lines: list[Line]) -> list[Line]:
    with database.reading() as session:
        known = register.known_among(session, [line.reference for line in lines])
    return [line for line in lines if line.reference not in known]
