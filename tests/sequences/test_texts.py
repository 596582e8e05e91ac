"""Which text of a step somebody gets."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from crm.sequences.texts import Variant, Words, pick

NOBODY: frozenset[int] = frozenset()


def variants(*bodies: str, first_id: int = 1) -> list[Variant]:
    found = []
    for number, body in enumerate(bodies, 1):
        words = Words("", body)
        found.append(Variant(first_id + number - 1, number, words, words.key))
    return found


@given(st.integers(1, 10**9))
def test_asking_again_gives_the_same_text(person: int) -> None:
    three = variants("a", "b", "c")
    assert pick(three, off=NOBODY, seed=person) == pick(three, off=NOBODY, seed=person)


@given(st.integers(1, 10**9))
def test_a_new_version_with_the_same_texts_gives_the_same_words(person: int) -> None:
    before = pick(variants("a", "b", "c"), off=NOBODY, seed=person)
    after = pick(variants("c", "a", "b", first_id=50), off=NOBODY, seed=person)
    assert before
    assert after
    assert before.words == after.words


@given(st.integers(1, 10**9))
def test_switching_one_off_moves_only_those_who_would_have_got_it(person: int) -> None:
    three = variants("a", "b", "c")
    before = pick(three, off=NOBODY, seed=person)
    after = pick(three, off={2}, seed=person)
    assert before
    assert after
    assert after.id != 2
    if before.id != 2:
        assert after == before


def test_the_texts_are_spread_evenly() -> None:
    four = variants("a", "b", "c", "d")
    found = Counter(one.letter for person in range(8_000) if (one := pick(four, off=NOBODY, seed=person)))
    assert set(found) == set("ABCD")
    assert all(1_850 < number < 2_150 for number in found.values())


def test_which_text_one_step_gives_says_nothing_about_another() -> None:
    first, second = variants("a", "b"), variants("c", "d")
    pairs = Counter(
        (one.letter, two.letter)
        for person in range(4_000)
        if (one := pick(first, off=NOBODY, seed=person)) and (two := pick(second, off=NOBODY, seed=person))
    )
    assert len(pairs) == 4
    assert all(850 < number < 1_150 for number in pairs.values())


def test_a_step_with_one_text_has_nothing_to_choose() -> None:
    assert pick([], off=NOBODY, seed=1) is None
