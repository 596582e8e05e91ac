"""Which text of a step may be said to do better."""

import pytest

from crm.queries.arms import Arm, Compared
from crm.sequences.models import StepKind
from crm.sequences.shape import StepText
from crm.sequences.texts import Variant, Words
from crm.sequences.wilson import Share

STEP = StepText(id=1, position=0, kind=StepKind.EMAIL, delay=0, subject="A", body="A")


def arms(*found: tuple[int, int, bool]) -> Compared:
    """Texts with replies, people, and whether they are switched off."""
    return Compared(
        STEP,
        tuple(
            Arm(Variant(place, place, Words("S", "B"), str(place)), is_off, Share(part, whole))
            for place, (part, whole, is_off) in enumerate(found, 1)
        ),
    )


@pytest.mark.parametrize(
    ("found", "letter"),
    [
        ([(1, 200, False), (60, 200, False)], "B"),
        ([(1, 200, False), (60, 200, False), (0, 3, True)], "B"),
        ([(1, 200, False), (60, 200, False), (0, 3, False)], None),
        ([(1, 200, False), (60, 200, False), (70, 200, True)], None),
        ([(60, 200, False), (0, 3, True)], None),
        ([(5, 200, False), (7, 200, False)], None),
    ],
)
def test_a_text_switched_off_early_holds_up_no_comparison(
    found: list[tuple[int, int, bool]], letter: str | None
) -> None:
    best = arms(*found).winner
    assert (best.variant.letter if best else None) == letter
