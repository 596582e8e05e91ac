"""Which text of a step may be said to do better."""

import pytest

from crm.queries.pages.arms import Arm, Compared, compared
from crm.sequences.models import StepKind
from crm.sequences.shape import StepText
from crm.sequences.texts import Variant, Words
from crm.sequences.wilson import Share
from crm.services import Services
from tests.correspondence import Correspondence
from tests.outreach import mail

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


@pytest.mark.both_databases
@pytest.mark.parametrize("names_the_mail", [True, False])
def test_an_answer_counts_for_the_text_it_answers_even_if_it_names_no_mail(
    services: Services, *, names_the_mail: bool
) -> None:
    first_step = mail(others=(Words("B", "Dag, tekst B"),))
    letters = Correspondence(services, first_step, mail(3, "C", others=(Words("D", "E"),)))
    outreach, sequence = letters.outreach, letters.sequence
    letters.days(7)
    first, second = outreach.messages()
    answered = first if names_the_mail else second
    to = (
        services.links.reply_address(first.public_id)
        if names_the_mail
        else "sanne@outreach.produfoto.example"
    )
    letters.writes("Dag Sanne, vertel eens wat meer over de prijs.", to=to)
    with services.database.reading() as session:
        found = {
            arm.variant.id: (arm.replied.part, arm.replied.whole)
            for step in compared(session, sequence)
            for arm in step.arms
            if arm.replied.whole
        }
    assert found == {one.variant_id: (int(one.id == answered.id), 1) for one in (first, second)}
