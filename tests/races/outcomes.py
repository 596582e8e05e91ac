"""Pairs about what becomes of a mail: a pause comes between, a report before the answer, the day's cap."""

from typing import Final

from sqlalchemy import text

from crm.audit import chain
from crm.delivery.event_ports import Report, Reported, SignedPost
from crm.delivery.ports import Uncertain
from crm.kernel.db import Database
from crm.kernel.ids import new_public_id
from crm.queries.gate.house import House
from crm.queries.sending.leaving import EVERYTHING, Reach, Scope
from crm.workflows.holding import pause as pausing
from crm.workflows.holding.pause import Desk, Wish
from crm.workflows.reports.apply_events import apply_events, apply_parked
from crm.workflows.reports.keep_events import keep_post
from tests.races import plants_of_outcomes
from tests.races.actor import Act, Hand
from tests.races.pairs import Pair, Planted, Verdict, died, judged, twice, untrue
from tests.races.sending import ANNA, all_sent, send, wait_a_while, waiting

CAP: Final = 2


def paused(scope: Scope) -> Act:
    """A colleague pauses; whether the answer was final."""

    def pause(hand: Hand) -> bool:
        clocks = hand.services.clocks
        desk = Desk(hand.services.database, clocks.real, pause=wait_a_while, patience=0.1)
        return pausing.pause(desk, scope, Wish(chain.OWNER, clocks.calendar())).is_final

    return pause


def after_pause(verdict: Verdict) -> list[str]:
    """After "nothing of this leaves any more" nothing does (I12). The fourth scope is Anna's alone."""
    for act, one in zip(verdict.cast, verdict.course.ended, strict=True):
        for note in [*verdict.course.notes, *verdict.after.notes]:
            if act and one.result is True and note.at > one.at and (act != 4 or note.more == ANNA):
                return ["after_pause"]
    return []


def at_rest(verdict: Verdict) -> list[str]:
    """Nothing stays in a worker's hands."""
    return ["in_hand"] if {"claimed", "sending"} & set(verdict.states().values()) else []


CLAIM_PAUSE = Pair(
    make=lambda outreach: waiting(outreach, others=1),
    acts=(
        send,
        paused(EVERYTHING),
        paused(Scope(Reach.MAILBOX, 1)),
        paused(Scope(Reach.SEQUENCE, 1)),
        paused(Scope(Reach.ENROLMENT, 1)),
    ),
    casts=((0, 1), (0, 2), (0, 3), (0, 4), (0, 0, 1, 4)),
    judge=judged(died, twice, untrue, at_rest, all_sent, after_pause),
    sleeps=0.2,
    planted={
        "whoever pauses does not look for live claims": Planted(
            ((pausing, "still_leaving", lambda *_, **__: []),), "after_pause"
        ),
        "a sender does not ask whether everything is paused": Planted(
            ((House, "may_send", True),), "after_pause"
        ),
    },
)


def doubted(hand: Hand) -> int:
    """Send, and never read the provider's answer."""
    hand.answer = Uncertain("timed_out")
    return send(hand)


def reported(*kinds: Report) -> Act:
    """The provider posts what happened, and it is applied."""

    def post(hand: Hand) -> None:
        services, now = hand.services, hand.services.clocks.calendar()
        with services.database.reading() as session:
            name = session.execute(text("SELECT public_id FROM messages")).scalar_one()
        found = [
            Reported(
                report=kind, word=kind.value, reference=name, happened_at=now, says=f"{kind}",
                event_id=kind, status="5.1.1" if kind is Report.BOUNCE else "",
            )
            for kind in kinds
        ]  # fmt: skip
        ring = services.settings.keys.addresses
        signed = SignedPost(new_public_id().ljust(64, "0"), found)
        keep_post(services.database, ring, signed, now=now, real_now=now)
        apply_all(hand)

    return post


def apply_all(hand: Hand) -> None:
    """The scheduler's job: what was kept, and what was parked."""
    desk, now = hand.services.refusal_desk(patience=0), hand.services.clocks.calendar()
    apply_events(desk, now=now)
    apply_parked(desk, now=now)


def what_is_known(database: Database) -> object:
    """Of the message, its reader, and what comes next."""
    queries = (
        "SELECT state FROM messages",
        "SELECT count(*) FROM contacts",
        "SELECT state, position, next_due_at, stop_reason FROM enrolments",
        "SELECT address_state, status FROM prospects",
        "SELECT used FROM mailbox_days",
        "SELECT kind, state FROM provider_events ORDER BY kind",
    )
    with database.reading() as session:
        return [[tuple(row) for row in session.execute(text(query))] for query in queries]


EVENT_RECORD = Pair(
    make=lambda outreach: waiting(outreach, others=0, steps=2),
    acts=(
        send,
        doubted,
        reported(Report.DELIVERED),
        reported(Report.PROCESSED, Report.BOUNCE),
        apply_all,
    ),
    casts=((0, 2), (1, 2), (0, 3), (1, 3), (0, 2, 3, 4), (1, 2, 2, 4)),
    judge=judged(died, twice, at_rest),
    since="provider.has_it",
    last=4,
    look=what_is_known,
    planted={
        "an outcome is recorded whatever the state is": Planted(
            plants_of_outcomes.RECORD_ANYWAY, "another_end"
        ),
    },
)


def cap_kept(verdict: Verdict) -> list[str]:
    """Never more than the cap, and a slot for what may have left and nothing else (I06)."""
    over = sum(verdict.handed.values()) > CAP
    used = sum(int(str(one)) for (one,) in verdict.rows("SELECT used FROM mailbox_days"))
    held = [state for state in verdict.states().values() if state in {"sent", "uncertain"}]
    return ["over_cap"] * over + ["slots"] * (used != len(held)) + ["idle"] * (used != CAP)


CAP_CAP = Pair(
    make=lambda outreach: waiting(outreach, others=4, cap=CAP),
    acts=(send,),
    casts=((0, 0), (0, 0, 0), (0, 0, 0, 0)),
    judge=judged(died, twice, untrue, at_rest, cap_kept),
    sleeps=0.3,
    planted={
        "the cap is looked at and not reserved": Planted(plants_of_outcomes.CAP_LOOKED_AT, "over_cap"),
        "a slot is not given back": Planted(plants_of_outcomes.SLOT_KEPT, "slots"),
    },
)
