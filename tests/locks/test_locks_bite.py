"""What is planted in the one way to open a transaction, or around it, is found by its name."""

import pytest

from crm.kernel.settings import Settings
from tests.locks.findings import Findings, is_too_long
from tests.locks.plants import Plant
from tests.locks.play import Play
from tests.locks.watch import Held, Waited

pytestmark = pytest.mark.timeout(180)

TRIES = 3
"""Who meets whom in four seconds is chance; a fault that three of them do not show would not be noticed."""


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        (Plant.IMPATIENT, "locked"),
        (Plant.DEFERRED, "locked"),
        (Plant.MAIL_INSIDE, "while_mailing"),
        (Plant.ASLEEP, "too_long"),
        (Plant.CROWDED, "waits"),
    ],
)
def test_it_goes_red_when(settings: Settings, planted: Plant, found: str) -> None:
    played: list[Findings] = []
    while len(played) < TRIES and not any(found in findings.wrong for findings in played):
        played.append(Play(settings, seconds=4, people=100, planted=planted).run())
    assert found in played[-1].wrong, "\n".join(map(str, played))


def held(own: float, *, worked: float = 0.01, at: float = 0.0, in_line: float = 0.0) -> Held:
    return Held(own, worked, own + in_line, at, in_line)


def waited(*seconds: float) -> list[Waited]:
    return [Waited(one, 0.0, one) for one in seconds]


def test_one_writer_in_a_hundred_may_wait_longer() -> None:
    assert Findings(waited=waited(*[0.01] * 99, 0.6)).wrong == set()
    assert Findings(waited=waited(*[0.01] * 98, 0.6, 0.6)).wrong == {"waits"}


def test_a_wait_for_somebody_who_stands_in_line_for_a_processor_is_not_held_against_anybody() -> None:
    patient = Findings(waited=waited(0.6, 0.6))
    assert patient.wrong == {"waits"}
    patient.held = {"writer": [held(0.1, at=0.05, in_line=0.4)]}
    assert patient.wrong == set()
    patient.held = {"writer": [held(0.1, at=0.55, in_line=0.4)]}  # most of it came after the wait
    assert patient.wrong == {"waits"}


def test_work_is_never_too_long_and_a_standstill_once() -> None:
    assert not is_too_long([held(0.01)] * 9 + [held(0.3)])
    assert is_too_long([held(0.01)] * 9 + [held(0.3)] * 2)
    assert is_too_long([held(0.01)] * 9 + [held(0.3, worked=0.3)])
    assert not is_too_long([held(0.1, in_line=2.0)] * 10)
