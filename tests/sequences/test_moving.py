"""Where somebody goes on after a move to another version."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.sequences.models import StepKind
from crm.sequences.moving import next_place
from crm.sequences.shape import StepText, Version


def version(*lineages: int) -> Version:
    steps = [
        StepText(10 * place, place, StepKind.EMAIL, 3, f"s{lineage}", "", lineage)
        for place, lineage in enumerate(lineages, 1)
    ]
    return Version(1, 1, tuple(steps))


LINES = st.lists(st.integers(1, 7), min_size=1, max_size=6, unique=True)


@pytest.mark.parametrize(
    ("old", "new", "position", "expected"),
    [
        ((1, 2, 3), (1, 2, 3), 2, 2),  # new words only
        ((1, 2), (9, 1, 2), 2, 3),  # one put in front of what they had: not for them
        ((1, 2), (9, 1, 2), 1, 1),  # who had nothing yet begins at the beginning
        ((1, 2), (1, 9, 2), 2, 2),  # one put right behind what they had: they get it
        ((1, 2, 3), (2, 3), 2, 1),  # what they had is gone: they go on with their own next one
        ((1, 2, 3), (9, 2, 3), 2, 2),  # what they had was replaced: its replacement is not for them
        ((1, 2, 3), (2, 1, 3), 2, 3),  # changed places: what stands before what they had is over
        ((1, 2, 3), (1,), 3, 2),  # nothing is left
        ((1, 2), (8, 9), 2, 2),  # all is new: they keep their place
        ((1, 2, 3), (9,), 3, 2),  # and it may be behind the end
    ],
)
def test_the_place_in_the_new_version(
    old: tuple[int, ...], new: tuple[int, ...], position: int, expected: int
) -> None:
    assert next_place(version(*old), version(*new), position) == expected


@given(LINES, LINES, st.data())
def test_no_step_that_is_behind_them_is_done_again(
    old: list[int], new: list[int], data: st.DataObject
) -> None:
    position = data.draw(st.integers(1, len(old) + 1))
    place = next_place(version(*old), version(*new), position)
    assert 1 <= place <= len(new) + 1
    assert not set(old[: position - 1]) & set(new[place - 1 :])


@given(LINES, st.data())
def test_a_move_to_the_same_steps_changes_no_place(lines: list[int], data: st.DataObject) -> None:
    position = data.draw(st.integers(1, len(lines) + 1))
    assert next_place(version(*lines), version(*lines), position) == position
