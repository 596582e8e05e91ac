"""Whose unsubscribe page was asked for, between processes."""

import multiprocessing
from datetime import timedelta

import pytest

from crm.tracking.visits import Visits
from tests.conftest import NOW


def test_a_visit_is_remembered_either_way_round() -> None:
    visits = Visits()
    visits.note("abcdefgh", NOW)
    assert visits.seconds_since("abcdefgh", NOW + timedelta(seconds=1.5)) == pytest.approx(1.5)
    assert visits.seconds_since("abcdefgh", NOW - timedelta(seconds=1)) == pytest.approx(-1)


def test_whether_any_page_was_asked_for_is_known() -> None:
    visits = Visits()
    assert not visits.any_since(NOW)
    visits.note("abcdefgh", NOW)
    assert visits.any_since(NOW)
    assert not visits.any_since(NOW + timedelta(seconds=1))


def test_of_a_page_nobody_asked_for_nothing_is_known() -> None:
    visits = Visits()
    visits.note("abcdefgh", NOW)
    assert visits.seconds_since("another", NOW) is None


def test_however_many_messages_there_are_the_newest_are_known() -> None:
    visits = Visits()
    names = [f"message {number}" for number in range(20_000)]
    for name in names:
        visits.note(name, NOW)
    assert visits.seconds_since(names[-1], NOW) == pytest.approx(0)


def test_a_process_forked_later_knows_what_another_noted() -> None:
    visits = Visits()
    child = multiprocessing.get_context("fork").Process(target=visits.note, args=("abcdefgh", NOW))
    child.start()
    child.join(10)
    assert visits.seconds_since("abcdefgh", NOW) == pytest.approx(0)
