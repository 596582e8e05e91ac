"""A worker killed at each row of the way of a mail: what is found, what ten days make of it, what left.

The provider is a server that speaks SMTP, so what it took is known from the other side of the wire.
"""

import os
import signal
from pathlib import Path
from typing import NamedTuple

import pytest

from crm.delivery.event_ports import Report, Reported, SignedPost
from crm.workflows.reports.keep_events import keep_post
from tests.crash.installation import Installation
from tests.deep import size
from tests.servers.scripted import Peer
from tests.servers.smtp import Stage

pytestmark = [pytest.mark.both_databases, pytest.mark.enable_socket, pytest.mark.timeout(120)]

BY_THE_SERVER = "by the server"
"""Killed while it writes: whoever it writes to has read a hundred bytes, and kills it."""


class Row(NamedTuple):
    killed: str
    point: str
    found: str
    ends: str
    handed_over: int


ROWS = [
    Row("before claim commit", "claim.before_commit", "due", "sent", 1),
    Row("after claim commit, before the mark", "claim.after_commit", "claimed", "sent", 1),
    Row("after the mark", "transport.before", "sending", "uncertain", 0),
    Row("before connect", "transport.before_connect", "sending", "uncertain", 0),
    Row("connected", "transport.after_connect", "sending", "uncertain", 0),
    Row("mid body", BY_THE_SERVER, "sending", "uncertain", 0),
    Row("after body, before response", "transport.after_body", "sending", "uncertain", 1),
    Row("after response, before record", "record.before_commit", "sending", "uncertain", 1),
    Row("after record commit", "record.after_commit", "sent", "sent", 1),
]


def kill(here: Installation, point: str) -> int:
    if point == BY_THE_SERVER:
        pid = here.services.settings.var / "pid"
        here.provider.faults[Stage.BODY, 1] = lambda peer: _kill_the_other(peer, pid)
        return here.work("dispatch").status
    return here.work("dispatch", fault=f"{point}=kill").status


def _kill_the_other(peer: Peer, pid: Path) -> None:
    peer.exactly(100)
    os.kill(int(pid.read_text()), signal.SIGKILL)
    raise ConnectionResetError


def report_delivered(here: Installation) -> None:
    """The provider tells what became of everything it took."""
    now = here.clock.now
    names = here.all("SELECT public_id FROM messages ORDER BY id")
    reports = [
        Reported(
            report=Report.DELIVERED,
            word="delivered",
            reference=name,
            happened_at=now,
            says=name,
            event_id=name,
        )
        for name in names
    ]
    ring = here.services.settings.keys.addresses
    keep_post(here.services.database, ring, SignedPost("1" * 64, reports), now=now, real_now=now)


@pytest.mark.parametrize("turn", range(size(1, 20)))
@pytest.mark.parametrize("row", ROWS, ids=[row.killed for row in ROWS])
def test_killed_here_it_is_found_ended_and_handed_over_as_the_matrix_says(
    here: Installation, row: Row, turn: int
) -> None:
    people = 1 + turn % 3
    here.due(people)
    assert kill(here, row.point) == -signal.SIGKILL
    if row.handed_over:
        assert row.found not in {"sending", "sent"} or here.provider.arrived(1)
    found = here.states()
    assert row.found in found
    here.live()
    ended, (firsts, later) = here.states(), here.taken()
    used, held = here.slots()
    assert used == held  # none is lost, none is given back twice
    assert set(ended) <= {"sent", "uncertain"}
    assert row.ends in ended
    certain = ended.count("sent")
    assert certain <= firsts <= people
    assert later == certain  # the next step waits for a doubt, and for nothing else
    if people == 1:
        assert (found, ended, firsts) == ([row.found], [row.ends], row.handed_over)
    if row.ends == "uncertain" and firsts == people:
        report_delivered(here)
        here.live()
        assert set(here.states()) == {"delivered"}
        assert here.taken() == (people, people)


@pytest.mark.parametrize("turn", range(size(1, 10)))
@pytest.mark.parametrize(
    ("first", "found", "ends", "handed_over"),
    [("claim.after_commit", "claimed", "sent", 1), ("transport.after", "sending", "uncertain", 1)],
)
def test_a_reaper_killed_in_the_middle_leaves_the_same_to_the_next(
    here: Installation, first: str, found: str, ends: str, handed_over: int, turn: int
) -> None:
    here.due(1)
    assert kill(here, first) == -signal.SIGKILL
    here.live(0)
    for _ in range(1 + turn % 3):
        assert kill(here, "reaper.mid") == -signal.SIGKILL
        assert here.states() == [found]
        assert here.slots() == (1, 1)
    here.live()
    assert (here.states(), here.taken()[0]) == ([ends], handed_over)
