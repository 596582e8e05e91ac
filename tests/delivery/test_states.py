"""The total table of message states."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.delivery.models import MessageState as State
from crm.delivery.states import LEFT, NEXT, REPORTS, EventKind, moved_by

ORDER = {State.SENT: 1, State.REJECTED: 2, State.DELIVERED: 3, State.BOUNCED: 4, State.COMPLAINED: 5}
ACTS = sorted(set(EventKind) - REPORTS)

states = st.sampled_from(State)
reports = st.lists(st.sampled_from(sorted(REPORTS)), max_size=8)


def after(state: State, events: list[EventKind]) -> State:
    for event in events:
        state = NEXT[state, event]
    return state


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", EventKind)
def test_every_pair_of_state_and_event_has_an_answer(state: State, event: EventKind) -> None:
    assert isinstance(NEXT[state, event], State)


@given(states, reports, st.randoms(use_true_random=False))
def test_reports_may_come_in_any_order(state: State, events: list[EventKind], chance: object) -> None:
    shuffled = list(events)
    chance.shuffle(shuffled)  # type: ignore[attr-defined] # a random.Random
    assert after(state, shuffled) == after(state, events)


@given(states, reports)
def test_hearing_reports_twice_is_hearing_them_once(state: State, events: list[EventKind]) -> None:
    assert after(state, events + events) == after(state, events)


@given(states, st.sampled_from(sorted(REPORTS)))
def test_a_report_never_takes_a_message_back(state: State, event: EventKind) -> None:
    assert ORDER.get(NEXT[state, event], 0) >= ORDER.get(state, 0)


def test_a_complaint_outlasts_everything() -> None:
    for events in permutations([EventKind.DELIVERED, EventKind.COMPLAINED, EventKind.BOUNCED]):
        assert after(State.SENT, list(events)) is State.COMPLAINED


def test_a_message_that_waits_for_approval_hears_no_reports() -> None:
    assert all(NEXT[State.HELD, event] is State.HELD for event in REPORTS)


def test_a_deferral_proves_nothing() -> None:
    assert moved_by(EventKind.DEFERRED) == {}


@pytest.mark.parametrize("proof", [EventKind.PROCESSED, EventKind.OPENED, EventKind.ANSWERED])
def test_proof_of_any_kind_resolves_a_doubt(proof: EventKind) -> None:
    assert NEXT[State.UNCERTAIN, proof] is State.SENT


def test_only_a_person_or_a_report_ends_a_doubt() -> None:
    ways = {event for event in EventKind if NEXT[State.UNCERTAIN, event] is not State.UNCERTAIN}
    persons = {EventKind.COUNTED_AS_SENT, EventKind.DECLARED_UNSENT, EventKind.SENT_AGAIN}
    assert ways - REPORTS == persons


@pytest.mark.parametrize("event", ACTS)
def test_no_act_of_ours_touches_what_has_left(event: EventKind) -> None:
    assert all(NEXT[state, event] is state for state in LEFT)


@pytest.mark.parametrize(
    ("event", "moves"),
    [
        (EventKind.TAKEN, {State.DUE: State.CLAIMED}),
        (EventKind.MARKED, {State.CLAIMED: State.SENDING}),
        (EventKind.ACCEPTED, {State.SENDING: State.SENT}),
        (EventKind.REJECTED, {State.SENDING: State.REJECTED}),
        (EventKind.NOT_TAKEN, {State.SENDING: State.DUE}),
        (EventKind.LOST, {State.SENDING: State.UNCERTAIN}),
        (EventKind.PUT_BACK, {State.CLAIMED: State.DUE}),
        (EventKind.WITHHELD, {State.CLAIMED: State.WITHHELD}),
        (EventKind.CANCELLED, {State.HELD: State.CANCELLED, State.DUE: State.CANCELLED}),
        (EventKind.APPROVED, {State.HELD: State.DUE}),
    ],
)
def test_each_act_moves_only_what_it_is_about(event: EventKind, moves: dict[State, State]) -> None:
    assert moved_by(event) == moves
