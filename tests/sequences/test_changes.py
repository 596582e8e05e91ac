"""What a new version changes, step by step."""

from crm.sequences.changes import What, as_new, compare, is_same
from crm.sequences.models import StepKind
from crm.sequences.shape import NewStep, StepText, Version
from crm.sequences.texts import Variant, Words


def step(position: int, lineage: int, body: str = "Dag", delay: int = 3) -> StepText:
    return StepText(position, position, StepKind.EMAIL, delay, "", body, lineage)


OLD = Version(1, 1, (step(1, 1), step(2, 2), step(3, 3)))


def new(lineage: int | None, body: str = "Dag", delay: int = 3, *others: str) -> NewStep:
    return NewStep(StepKind.EMAIL, delay, "", body, tuple(Words("", one) for one in others), lineage)


def test_the_same_steps_are_no_change() -> None:
    assert is_same(OLD, as_new(OLD))
    assert [one.what for one in compare(OLD, as_new(OLD))] == [What.SAME] * 3


def test_other_words_and_another_delay_are_changes_of_that_step_only() -> None:
    found = compare(OLD, [new(1), new(2, "Hallo"), new(3, delay=5)])
    assert [one.what for one in found] == [What.SAME, What.CHANGED, What.CHANGED]
    assert [one.texts_differ for one in found] == [False, True, False]
    assert [one.delay_differs for one in found] == [False, False, True]


def test_a_further_text_is_a_change() -> None:
    found = compare(OLD, [new(1, "Dag", 3, "Hoi"), new(2), new(3)])
    assert [one.texts_differ for one in found] == [True, False, False]


def test_what_is_gone_stands_where_it_stood() -> None:
    found = compare(OLD, [new(1), new(None, "Nieuw"), new(3)])
    assert [(one.what, one.position) for one in found] == [
        (What.SAME, 1), (What.REMOVED, 2), (What.ADDED, 2), (What.SAME, 3),
    ]  # fmt: skip


def test_steps_that_changed_places_are_said_to_have_moved() -> None:
    found = compare(OLD, [new(2), new(1), new(3)])
    assert [one.moved_from for one in found] == [2, 1, None]
    assert not is_same(OLD, [new(2), new(1), new(3)])


def test_a_step_put_in_between_moves_nobody() -> None:
    found = compare(OLD, [new(1), new(None), new(2), new(3)])
    assert [one.moved_from for one in found] == [None] * 4


def test_of_a_first_version_everything_is_new() -> None:
    assert [one.what for one in compare(None, [new(None), new(None)])] == [What.ADDED, What.ADDED]


def test_what_is_edited_keeps_its_step_and_all_its_texts() -> None:
    words = (Words("", "Dag"), Words("", "Hoi"))
    two = tuple(Variant(place, place, one, one.key) for place, one in enumerate(words, 1))
    version = Version(1, 1, (StepText(1, 1, StepKind.EMAIL, 0, "", "Dag", 7, two),))
    [found] = as_new(version)
    assert (found.lineage, found.words) == (7, words)
