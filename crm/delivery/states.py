"""What becomes of a message when something happens to it: every pair (state, event) has an answer."""

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from crm.delivery.models import MessageState as State


class EventKind(enum.StrEnum):
    """What can happen to a message: our own acts, a person's decisions, and what a provider reports."""

    APPROVED = "approved"
    TAKEN = "taken"
    """A worker claimed it."""

    PUT_BACK = "put_back"
    """A claim ended before the bytes could leave: the reaper, a closed window, a wait of the gate."""

    WITHHELD = "withheld"
    CANCELLED = "cancelled"
    MARKED = "marked"
    """The bytes may leave from now on."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NOT_TAKEN = "not_taken"
    """It is certainly not with the provider, and may be tried again."""

    LOST = "lost"
    """No answer says what became of it."""

    COUNTED_AS_SENT = "counted_as_sent"
    DECLARED_UNSENT = "declared_unsent"
    SENT_AGAIN = "sent_again"
    """A person takes the risk of a second copy."""

    # What providers and recipients' machines report, in any order and any number of times.
    PROCESSED = "processed"
    DEFERRED = "deferred"
    DROPPED = "dropped"
    DELIVERED = "delivered"
    OPENED = "opened"
    ANSWERED = "answered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


_ACTS: Final = {
    EventKind.APPROVED: {State.HELD: State.DUE},
    EventKind.TAKEN: {State.DUE: State.CLAIMED},
    EventKind.PUT_BACK: {State.CLAIMED: State.DUE},
    EventKind.WITHHELD: {State.CLAIMED: State.WITHHELD},
    EventKind.CANCELLED: {State.HELD: State.CANCELLED, State.DUE: State.CANCELLED},
    EventKind.MARKED: {State.CLAIMED: State.SENDING},
    EventKind.ACCEPTED: {State.SENDING: State.SENT},
    EventKind.REJECTED: {State.SENDING: State.REJECTED},
    EventKind.NOT_TAKEN: {State.SENDING: State.DUE},
    EventKind.LOST: {State.SENDING: State.UNCERTAIN},
    EventKind.COUNTED_AS_SENT: {State.UNCERTAIN: State.SENT},
    EventKind.DECLARED_UNSENT: {State.UNCERTAIN: State.NOT_SENT},
    EventKind.SENT_AGAIN: {State.UNCERTAIN: State.DUE},
}

_REPORTS: Final = {
    EventKind.PROCESSED: State.SENT,
    EventKind.OPENED: State.SENT,
    EventKind.ANSWERED: State.SENT,
    EventKind.DROPPED: State.REJECTED,
    EventKind.DELIVERED: State.DELIVERED,
    EventKind.BOUNCED: State.BOUNCED,
    EventKind.COMPLAINED: State.COMPLAINED,
}
"""What a report proves at the least. A deferral proves nothing."""

_RANK: Final = {
    State.SENT: 1,
    State.REJECTED: 2,
    State.DELIVERED: 3,
    State.BOUNCED: 4,
    State.COMPLAINED: 5,
}
"""Reports only move upwards here, so their order and number do not matter (I21)."""

_DEAF: Final = frozenset({State.HELD})
"""Never handed to anybody: no report can be about it."""


def _after(state: State, event: EventKind) -> State:
    proven = _REPORTS.get(event)
    if proven is None:
        return _ACTS.get(event, {}).get(state, state)
    if state in _DEAF or _RANK.get(state, 0) >= _RANK[proven]:
        return state
    return proven


NEXT: Final[Mapping[tuple[State, EventKind], State]] = MappingProxyType(
    {(state, event): _after(state, event) for state in State for event in EventKind}
)
"""The state after an event; the same state where the event changes nothing."""

REPORTS: Final = frozenset(_REPORTS) | {EventKind.DEFERRED}
"""Events that come from outside."""

IN_FLIGHT: Final = frozenset({State.CLAIMED, State.SENDING})
LEFT: Final = frozenset({State.SENT, State.DELIVERED, State.BOUNCED, State.COMPLAINED})
"""A provider took it."""


def moved_by(event: EventKind) -> dict[State, State]:
    """The states an event changes, and into what."""
    return {state: NEXT[state, event] for state in State if NEXT[state, event] is not state}
