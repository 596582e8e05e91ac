"""The labelled corpus in its two halves: what rules were tuned on, and what they never saw."""

from collections import Counter

import pytest

from scripts.replies_corpus import HALVES, samples
from scripts.replies_table import LETTERS, Figures, judged, letters, share

PARTS = (LETTERS, *HALVES)


@pytest.fixture(scope="module", params=PARTS)
def figures(request: pytest.FixtureRequest) -> Figures:
    return judged(request.param)


def test_no_opt_out_is_missed(figures: Figures) -> None:
    assert figures.noes > 20
    assert figures.missed == 0, figures.otherwise


def test_false_stops_are_rare(figures: Figures) -> None:
    assert share(figures.false_stops, figures.others) <= 0.02, figures.otherwise


def test_an_absence_is_never_taken_for_an_answer(figures: Figures) -> None:
    assert figures.absences >= 8
    assert figures.absences_as_replies == 0


def test_hard_and_soft_bounces_are_told_apart(figures: Figures) -> None:
    assert figures.bounces > 20
    assert share(figures.bounces_agreed, figures.bounces) >= 0.97, figures.otherwise


def test_nearly_every_day_of_return_is_read_right(figures: Figures) -> None:
    assert share(figures.days_right, figures.days) >= 0.9 or figures.days == 0, figures.otherwise


def test_most_people_who_answer_are_heard_without_asking(figures: Figures) -> None:
    people = sum(number for (kind, _), number in figures.table.items() if kind == "person")
    assert share(figures.table["person", "person"], people) >= 0.6


@pytest.mark.parametrize("part", ["fresh", "later", "office"])
def test_what_was_written_after_the_rules_holds_as_well(part: str) -> None:
    figures = judged(part)
    assert figures.noes > 30
    assert (figures.missed, figures.false_stops) == (0, 0), figures.otherwise


def test_so_do_absences_of_that_kind() -> None:
    figures = judged("office")
    assert figures.table["automatic", "automatic"] == 10
    assert (figures.absences, figures.absences_as_replies) == (6, 0)
    assert (figures.days, figures.days_right) == (6, 6), figures.otherwise


def test_the_corpus_is_as_large_as_it_should_be() -> None:
    every = [*letters(), *(sample for half in HALVES for sample in samples(half))]
    kinds = Counter(sample.kind for sample in every)
    assert kinds["bounce"] >= 150
    assert kinds.total() - kinds["bounce"] >= 300
    assert kinds["opt_out"] >= 80


def test_the_blind_half_holds_every_way_of_saying_no() -> None:
    styles = Counter(sample.style for sample in samples("heldout") if sample.kind == "opt_out")
    assert {"polite", "angry", "misspelt", "ironic", "formal", "short"} <= set(styles)
