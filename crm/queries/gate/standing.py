"""What a judgement of claimed messages rests on, read once more before they leave (D1, I01, I12).

Judging takes twenty questions to the database, whoever is asked about; looking whether anything of it has
changed takes five. So a claim is judged once, and this is asked for every ten.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from crm.delivery.models import Message, MessageState
from crm.kernel.digests import AddressDigest, AddressKeys
from crm.kernel.prepared import Prepared, beside, one_of
from crm.privacy.models import Refusal, RefusalKey
from crm.queries.gate import maybe_left
from crm.queries.gate.recipients import Recipient, covering_digests, recipients
from crm.sequences.models import Enrolment, EnrolmentState

_messages = Message.metadata.tables["messages"]
_enrolments = Enrolment.metadata.tables["enrolments"]
_m, _e = _messages.c, _enrolments.c
_k = RefusalKey.metadata.tables["refusal_keys"].c
_r = Refusal.metadata.tables["refusals"].c

_ENROLMENTS = Prepared(
    select(_m.id, _e.state)
    .select_from(_messages)
    .outerjoin(_enrolments, _e.id == _m.enrolment_id)
    .where(one_of(_m.id, "ids"), beside(_m.state) == MessageState.CLAIMED, _m.claim_id == bindparam("claim"))
)
_REFUSED = Prepared(
    select(_k.digest, _r.id)
    .select_from(RefusalKey.metadata.tables["refusal_keys"])
    .join(Refusal.metadata.tables["refusals"], _r.id == _k.refusal_id)
    .where(one_of(_k.digest, "names"), _r.lifted_at.is_(None))
)


class Standing(NamedTuple):
    """One claimed message, its recipient, and the register about them; equal while nothing changed."""

    message_id: int
    enrolment_state: EnrolmentState | None
    person: Recipient
    refusals: frozenset[int]
    """Ids of every refusal that covers them, however far it reaches."""

    beside: frozenset[tuple[int, MessageState]]
    """Other mail to them and their colleagues that may be leaving: another worker may have it in hand."""


def standings(
    session: Session, whom: Mapping[int, int], claim_id: str, ring: AddressKeys
) -> dict[int, Standing]:
    """How things are, by message; without those this claim no longer holds, or whose person is gone.

    `whom`: the prospect of each message.
    """
    people = recipients(session, set(whom.values()))
    refused = _refusals(session, people.values(), ring)
    in_hand = maybe_left.at_companies(session, {person.company_id for person in people.values()})
    rows = _ENROLMENTS.rows(session, ids=list(whom), claim=claim_id)
    return {
        row[0]: Standing(
            row[0],
            row[1],
            person,
            refused[person.id],
            frozenset((one.id, one.state) for one in in_hand.get(person.company_id, ()) if one.id != row[0]),
        )
        for row in rows
        if (person := people.get(whom[row[0]])) is not None
    }


def _refusals(
    session: Session, people: Collection[Recipient], ring: AddressKeys
) -> Mapping[int, frozenset[int]]:
    names = {person.id: tuple(covering_digests(ring, person)) for person in people}
    wanted = list({name for some in names.values() for name in some})
    found: dict[AddressDigest, list[int]] = {}
    for digest, refusal in _REFUSED.rows(session, names=wanted):
        found.setdefault(digest, []).append(refusal)
    return {person: _of(some, found) for person, some in names.items()}


def _of(names: Sequence[AddressDigest], found: Mapping[AddressDigest, Sequence[int]]) -> frozenset[int]:
    return frozenset(refusal for name in names for refusal in found.get(name, ())) if found else frozenset()
