"""A web process killed on its way, over real HTTP: what the visitor sees, what stands, what still leaves."""

import http.client
import os
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from email.parser import BytesHeaderParser
from urllib.parse import SplitResult, urlsplit

import pytest
from sqlalchemy import select

from crm.delivery.models import MessageState
from crm.privacy.models import Refusal
from crm.workflows.refusals.restore_refusals import restore_refusals
from tests.crash.forks import Ended, Forks
from tests.crash.installation import Installation
from tests.deep import size
from tests.servers.scripted import closed_port

pytestmark = [pytest.mark.both_databases, pytest.mark.enable_socket, pytest.mark.timeout(120)]

TIMES = range(size(1, 20))


def link_of(wire: bytes) -> str:
    """Where a mail program unsubscribes, as the mail says."""
    header = str(BytesHeaderParser().parsebytes(wire)["List-Unsubscribe"])
    return next(part.strip(" <>") for part in header.split(",") if "https:" in part)


def press(here: Installation, link: str, *, fault: str = "") -> int | None:
    """One click; the status, or None: the line broke and nothing was answered."""
    port = closed_port()
    with ThreadPoolExecutor(1) as beside:
        door = beside.submit(here.forks.run, "tests.crash.door", str(port), env=here.told, fault=fault)
        answer = _posted(port, urlsplit(link), door)
        ended = door.result()
    assert ended.status == (-signal.SIGKILL if fault else 0), ended.err[-2000:]
    return answer


def _posted(port: int, link: SplitResult, door: "Future[Ended]") -> int | None:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    while True:
        try:
            line.connect()
            break
        except ConnectionRefusedError:  # it does not listen yet
            assert not door.done(), door.result().err
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    try:
        line.request("POST", link.path, "List-Unsubscribe=One-Click", headers)
        return line.getresponse().status
    except (http.client.RemoteDisconnected, ConnectionResetError):
        return None
    finally:
        line.close()


def noes(here: Installation) -> int:
    with here.services.database.reading() as session:
        return len(session.scalars(select(Refusal.id)).all())


@pytest.fixture
def link(here: Installation) -> str:
    """Out of a first mail that arrived."""
    here.due(1)
    assert here.work("dispatch").status == 0
    return link_of(here.provider.taken[0].wire)


@pytest.mark.parametrize("turn", TIMES)
def test_before_the_commit_nothing_is_changed_and_the_client_tries_again(
    here: Installation, link: str, turn: int
) -> None:
    for _ in range(1 + turn % 3):
        assert press(here, link, fault="refuse.before_commit=kill") is None
        assert (noes(here), here.all("SELECT state FROM enrolments")) == (0, ["running"])
    assert press(here, link) == 200
    here.live()
    assert (noes(here), here.taken()) == (1, (1, 0))


@pytest.mark.parametrize("turn", TIMES)
def test_before_the_commit_a_restart_hears_what_nobody_answered(
    here: Installation, link: str, turn: int
) -> None:
    """The journal was written: a line too many errs on the side of silence."""
    assert press(here, link, fault="refuse.before_commit=kill") is None
    ring = here.services.settings.keys.addresses
    restore_refusals(here.services.database, ring, here.services.journal, at=here.clock.now)
    here.live()
    assert (noes(here), here.taken()) == (1, (1, 0))


@pytest.mark.parametrize("turn", TIMES)
@pytest.mark.parametrize("point", ["refuse.after_commit", "refuse.before_answer"])
def test_after_the_commit_the_no_stands_though_nobody_was_answered(
    here: Installation, link: str, point: str, turn: int
) -> None:
    assert press(here, link, fault=f"{point}=kill") is None
    assert (noes(here), here.all("SELECT state FROM enrolments")) == (1, ["stopped"])
    here.live()
    assert here.taken() == (1, 0)
    assert press(here, link) == 200
    assert noes(here) == 1


@contextmanager
def leaving(here: Installation, others: Forks, at: str) -> Iterator[None]:
    """A worker stands at this point with a mail in its hands, and goes on afterwards."""
    gate = here.services.settings.var / "gate"
    os.mkfifo(gate)
    with ThreadPoolExecutor(1) as beside:
        fault = f"{at}=block:{gate}@1"
        worker = beside.submit(others.run, "tests.crash.actor", "dispatch", env=here.told, fault=fault)
        with gate.open("wb"):  # opens when the worker has come there
            yield
        assert worker.result().status == 0, worker.result().err


@pytest.mark.parametrize("turn", range(size(1, 10)))
@pytest.mark.parametrize(
    ("worker_at", "leaves"), [("claim.after_commit", 0), ("transport.before", 1)], ids=["claimed", "leaving"]
)
def test_between_flag_and_read_the_no_stands_and_what_was_leaving_is_the_last(
    here: Installation, others: Forks, worker_at: str, leaves: int, turn: int
) -> None:
    here.due(1)
    link = link_of(here.outreach.messages()[0].wire or b"")
    with leaving(here, others, worker_at):
        assert press(here, link, fault="refuse.after_commit=kill") is None
        assert noes(here) == 1
    here.live()
    assert here.taken() == (leaves, 0)
    assert here.outreach.states() == [MessageState.SENT if leaves else MessageState.WITHHELD]
