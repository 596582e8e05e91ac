"""T1: Hypothesis chooses what happens next; the judge looks after every step, and once more at the end."""

from contextlib import ExitStack
from random import Random
from typing import Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from crm.delivery.event_ports import Report
from crm.kernel import faults
from crm.privacy.models import RefusalScope
from tests.conftest import IN_CI, FakeClock
from tests.deep import size
from tests.simulation.agenda import Scene
from tests.simulation.chances import seeded
from tests.simulation.installation import installation, make_ready
from tests.simulation.judge import CHECKS, judge
from tests.simulation.run import FIRST_DAYS, evidence_of, quiet, settle
from tests.simulation.stage import Stage
from tests.simulation.turns import CALM, Turns, Weather

pytestmark = pytest.mark.timeout(size(600, 24 * 3600))

PARTS, RUNS, STEPS = 6, size(5, 3_400), size(40, 100)
AT_ANY_TIME: Final = tuple(
    name for name in CHECKS if name not in {"lost", "never_said", "doubt_ended_by_itself"}
)
"""What must hold after every step; the others need the end."""

STORMY: Final = Weather(dies=0.02, raises=0.02, lost=0.2, again=0.2, refused=0.05, aimed=0.05, freezes=0)
numbers = st.integers(0, 9)


class Life(RuleBasedStateMachine):
    """An installation, its people and its weather."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self._seen = (0, 0)

    @initialize(seed=st.integers(0, 1_000), month=st.sampled_from(FIRST_DAYS))
    def begin(self, seed: int, month: object) -> None:
        chance = Random(seed)  # noqa: S311 - to be repeated, not to be secret
        assert month in FIRST_DAYS
        make_ready()
        self._stack.enter_context(seeded(chance))
        self._stack.enter_context(quiet())
        turns = Turns(chance, FakeClock(FIRST_DAYS[FIRST_DAYS.index(month)].replace(hour=8)), CALM)
        made = self._stack.enter_context(installation(turns, people=8))
        self._stack.enter_context(faults.watched(turns.point))
        self.stage = Stage(Scene(made, turns))
        self.stage.is_over = True  # nothing happens by itself
        self.stage.colleagues.come_in()
        self.stage.colleagues.enrol_some()

    def _whom(self, number: int) -> str:
        people = list(self.stage.scene.made.people)
        return people[number % len(people)]

    def _go(self) -> None:
        self.stage.go_to(self.stage.scene.now)

    @rule()
    def next_moment(self) -> None:
        self.stage.go_to(self.stage.next_moment_before(days=3))

    @rule(days=st.integers(1, 4))
    def time_passes(self, days: int) -> None:
        self.stage.live(days=days)

    @rule(
        act=st.sampled_from(
            ("enrol_some", "decide", "tick_off", "go_on", "bring_in", "say_yes", "stop_one", "write")
        )
    )
    def colleague(self, act: str) -> None:
        self.stage.colleagues.begin(act)
        self._go()

    @rule()
    def pause_or_let_go(self) -> None:
        self.stage.colleagues.begin("pause_something")
        self._go()

    @rule(number=numbers, scope=st.sampled_from((None, RefusalScope.SNOOZE, RefusalScope.DOMAIN)))
    def say_no(self, number: int, scope: RefusalScope | None) -> None:
        self.stage.recipients.refuse(self._whom(number), scope=scope)
        self._go()

    @rule(number=numbers)
    def forget_me(self, number: int) -> None:
        self.stage.recipients.forget(self._whom(number))
        self._go()

    @rule(number=numbers, odds=st.sampled_from((0.01, 0.06, 0.09)))
    def write_back(self, number: int, odds: float) -> None:
        taken = [one for one in self.stage.scene.history if one.taken]
        if taken:
            self.stage.recipients.act(taken[number % len(taken)], odds)
        self._go()

    @rule(
        number=numbers,
        kind=st.sampled_from((Report.DELIVERED, Report.DEFERRED, Report.OPEN, Report.PROCESSED)),
    )
    def report(self, number: int, kind: Report) -> None:
        taken = [one for one in self.stage.scene.history if one.taken]
        if taken:
            self.stage.recipients.report(taken[number % len(taken)], kind, hours=0)
        self._go()

    @rule(is_stormy=st.booleans())
    def weather_changes(self, *, is_stormy: bool) -> None:
        self.stage.scene.turns.weather = STORMY if is_stormy else CALM

    @invariant()
    def nothing_is_wrong(self) -> None:
        if hasattr(self, "stage") and self._grew():
            evidence = evidence_of(self.stage.scene, CALM)
            found = {name: list(CHECKS[name](evidence)) for name in AT_ANY_TIME}
            assert not any(found.values()), {name: lines for name, lines in found.items() if lines}

    def _grew(self) -> bool:
        """Whether anything happened since the last look."""
        before, self._seen = self._seen, (len(self.stage.scene.history), len(self.stage.scene.told))
        return before != self._seen

    def teardown(self) -> None:
        try:
            if hasattr(self, "stage"):
                settle(self.stage)
                findings = judge(evidence_of(self.stage.scene, CALM))
                assert not findings.wrong, str(findings)
        finally:
            self._stack.close()


@pytest.mark.parametrize("part", range(PARTS))
def test_no_order_of_events_breaks_a_promise(part: int) -> None:
    chosen = settings(
        max_examples=RUNS, stateful_step_count=STEPS, deadline=None, suppress_health_check=list(HealthCheck),
        print_blob=True, database=None, derandomize=part == 0 or IN_CI,
    )  # fmt: skip
    # A name of its own: the cases follow from it where they are the same each time.
    run_state_machine_as_test(type(f"Life{part}", (Life,), {}), settings=chosen)
