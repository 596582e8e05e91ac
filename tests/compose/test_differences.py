"""What changed from one text to another."""

from hypothesis import given
from hypothesis import strategies as st

from crm.compose.differences import Line, Mark, differences

TEXTS = st.lists(st.sampled_from(["Dag Anna,", "", "Wij maken foto's.", "Groet, Sanne", "één  twee\tdrie"]))


def told(line: Line) -> str:
    marks = {Mark.SAME: "", Mark.GONE: "-", Mark.NEW: "+"}
    inner = "".join(f"[{one.text}]" if one.mark is not Mark.SAME else one.text for one in line.pieces)
    return f"{marks[line.mark]}{inner}"


def test_only_the_words_that_changed_are_marked() -> None:
    found = differences("Dag Anna,\nWij maken mooie foto's.", "Dag Anna,\nWij maken rustige foto's.")
    assert [told(one) for one in found] == [
        "Dag Anna,", "-Wij maken [mooie] foto's.", "+Wij maken [rustige] foto's.",
    ]  # fmt: skip


def test_another_sentence_is_shown_whole() -> None:
    found = differences("Zal ik u bellen?", "Hier staan vijf voorbeelden")
    assert [told(one) for one in found] == ["-[Zal ik u bellen?]", "+[Hier staan vijf voorbeelden]"]


def test_a_line_more_and_a_line_less() -> None:
    assert [told(one) for one in differences("a\nb", "a\nx y z\nb")] == ["a", "+[x y z]", "b"]
    assert [told(one) for one in differences("a\nb", "a")] == ["a", "-[b]"]


@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_from_it_whole(before: list[str], after: list[str]) -> None:
    found = differences("\n".join(before), "\n".join(after))
    old = [one.text for one in found if one.mark is not Mark.NEW]
    new = [one.text for one in found if one.mark is not Mark.GONE]
    assert (old, new) == ("\n".join(before).splitlines(), "\n".join(after).splitlines())


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_line_can_be_read_from_it_whole(before: str, after: str) -> None:
    found = differences(before, after)
    assert [one.text for one in found if one.mark is not Mark.NEW] == before.splitlines()
    assert [one.text for one in found if one.mark is not Mark.GONE] == after.splitlines()


def test_a_text_as_long_as_it_may_be_takes_no_time() -> None:
    found = differences("a " * 10_000, "b " * 10_000)
    assert [one.mark for one in found] == [Mark.GONE, Mark.NEW]
