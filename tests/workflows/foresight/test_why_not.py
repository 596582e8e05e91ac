"""Why (not)? What it says is what planner and sender then do."""

from collections import Counter
from random import Random
from typing import NamedTuple

import pytest
from sqlalchemy import select

from crm.conversations.models import Task, TaskKind
from crm.delivery.models import Message, MessageState
from crm.sequences.models import Enrolment, EnrolmentState, StopReason
from crm.services import Services
from crm.workflows.foresight.why_not import outlooks
from crm.workflows.foresight.why_told import Bar, Next, Outlook
from tests.deep import size
from tests.outreach import Outreach
from tests.workflows.foresight.why_world import World

PEOPLE = {"sqlite": 11_000, "postgresql": size(1_800, 11_000)}


class Did(NamedTuple):
    """What the engine did about somebody, in the words of the answer."""

    next: Next
    reason: StopReason | None


def populate(services: Services, people: int, seed: int) -> None:
    with services.database.transaction() as session:
        world = World(session, services.settings.keys.addresses, services.clocks.calendar(), Random(seed))  # noqa: S311 - a test's
        world.houses()
        number = 1
        while number <= people:
            team = world.dice.choice((1,) * 40 + (2, 2, 3))
            for member in range(team):
                world.person(number + member, number, held=team == 3 and member < 2)
            number += team
        world.write()


def told(services: Services) -> dict[int, Outlook]:
    with services.database.reading() as session:
        ids = list(session.scalars(select(Enrolment.prospect_id)))
        return outlooks(session, ids, now=services.clocks.calendar(), settings=services.settings)


def did(services: Services, before: dict[int, Outlook]) -> dict[int, Did]:
    """What became of each, read from the rows."""
    now = services.clocks.calendar()
    with services.database.reading() as session:
        left = set(session.scalars(select(Message.prospect_id).where(Message.sent_at == now)))
        given = set(
            session.scalars(
                select(Task.prospect_id).where(Task.kind == TaskKind.STEP, Task.created_at == now)
            )
        )
        return {
            row.prospect_id: _did(
                row, before[row.prospect_id], is_sent=row.prospect_id in left,
                is_given=row.prospect_id in given,
            )
            for row in session.scalars(select(Enrolment))
        }  # fmt: skip


def _did(row: Enrolment, before: Outlook, *, is_sent: bool, is_given: bool) -> Did:
    assert before.place is not None
    was_paused = before.place.state is EnrolmentState.PAUSED
    newly = not was_paused or row.stop_reason is not before.place.reason
    seen = (
        (is_sent, Did(Next.LEAVES, None)),
        (row.state is EnrolmentState.STOPPED, Did(Next.STOPS, row.stop_reason)),
        (row.state is EnrolmentState.FINISHED, Did(Next.ENDS, None)),
        (row.state is EnrolmentState.PAUSED and newly, Did(Next.ASKS, row.stop_reason)),
        (is_given, Did(Next.TASK, None)),
        (row.position > before.place.position, Did(Next.PASSES, None)),
    )
    return next((what for is_so, what in seen if is_so), Did(Next.NOTHING, None))


_NOTHING = frozenset({Next.WAITS, Next.NOTHING, Next.LEAVING})


@pytest.mark.both_databases
def test_what_it_says_of_ten_thousand_is_what_is_done(services: Services, database_kind: str) -> None:
    people = PEOPLE[database_kind]
    populate(services, people, seed=20_260_302)
    outreach = Outreach(services)
    before = told(services)
    outreach.plan()
    while outreach.dispatch().claimed:
        continue
    done = did(services, before)

    expected = {
        one: Did(Next.NOTHING, None) if each.next in _NOTHING else Did(each.next, each.reason)
        for one, each in before.items()
    }
    wrong = {one: (expected[one], done[one], before[one]) for one in done if expected[one] != done[one]}
    assert not wrong, _summed(wrong)
    assert not _moments_off(services, before)
    _saw_enough(before, people)


def _summed(wrong: dict[int, tuple[Did, Did, Outlook]]) -> list[object]:
    """Kinds of disagreement, the most first, each with an example."""
    kinds = Counter((was, done) for was, done, _ in wrong.values())
    example = {(was, done): (one, each) for one, (was, done, each) in wrong.items()}
    return [(count, kind, example[kind]) for kind, count in kinds.most_common()]


def _moments_off(services: Services, before: dict[int, Outlook]) -> list[object]:
    """Those that wait for a moment: the rows must name the same one."""
    off: list[object] = []
    with services.database.reading() as session:
        steps = dict(session.execute(select(Enrolment.prospect_id, Enrolment.next_due_at)).all())
        query = select(Message.prospect_id, Message.due_at).where(Message.state == MessageState.DUE)
        mails = dict(session.execute(query).all())
    for one, each in before.items():
        bars = {bar.what for bar in each.obstacles}
        if each.next is not Next.WAITS or each.at is None or bars & {Bar.STEP_AHEAD, Bar.MAILBOX_RESTS}:
            continue
        if Bar.DAY_IS_FULL in bars and one in mails:
            continue  # it stays in the outbox over midnight
        if each.at not in {steps[one], mails.get(one)}:
            off.append((one, each, steps[one], mails.get(one)))
    return off


def _saw_enough(before: dict[int, Outlook], people: int) -> None:
    """The states were wide enough to be worth it."""
    nexts = Counter(one.next for one in before.values())
    bars = Counter(bar.what for one in before.values() for bar in one.obstacles if isinstance(bar.what, Bar))
    gate = {
        bar.what.reason for one in before.values() for bar in one.obstacles if not isinstance(bar.what, Bar)
    }
    assert len(before) >= min(10_000, people * 0.9)
    fewest = people // 1_100
    assert min(nexts[one] for one in Next) > fewest, nexts
    wanted = set(Bar) - {Bar.NOT_ENROLLED, Bar.IN_LINE}
    assert min(bars[one] for one in wanted) > fewest, bars
    assert len(gate) > 25, gate
