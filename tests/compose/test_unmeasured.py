"""A pixel is taken out of a finished message without a trace."""

from dataclasses import replace

import pytest

from crm.compose.letter import Letter
from crm.compose.mime import compose
from crm.compose.unmeasured import without_pixel
from crm.compose.wire import ForeignFormError
from crm.kernel.mail import Language
from tests.compose.letters import PIXEL, first_letter, letter

LETTERS = [make(language=language) for language in Language for make in (letter, first_letter)]


@pytest.mark.parametrize("counts_only", [False, True], ids=["individual", "aggregate"])
@pytest.mark.parametrize("plain", LETTERS, ids=lambda one: f"{one.language}-{one.first_contact}")
def test_what_is_left_is_what_would_have_been_written_without_one(
    plain: Letter, *, counts_only: bool
) -> None:
    measured = compose(replace(plain, pixel_url=PIXEL, pixel_counts_only=counts_only)).wire
    assert measured != compose(plain).wire
    assert without_pixel(measured) == compose(plain).wire


def test_the_letter_itself_may_say_what_the_frame_said() -> None:
    frame = compose(letter(pixel_url=PIXEL)).text.rpartition("\n--\n")[2]
    plain = replace(letter(), body=f"U schreef:\n\n{frame}\n\nGroet")
    assert without_pixel(compose(replace(plain, pixel_url=PIXEL)).wire) == compose(plain).wire


def test_what_is_not_ours_is_not_touched() -> None:
    for wire in (compose(letter()).wire, b"Subject: x\r\n\r\nx\r\n"):
        with pytest.raises(ForeignFormError):
            without_pixel(wire)
