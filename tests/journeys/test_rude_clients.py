"""Clients that hold on to what they are given, while somebody says no (I01)."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from crm.kernel import keys
from crm.kernel.public_links import MailboxLink
from crm.privacy.models import Refusal
from crm.prospects.models import Prospect
from tests.journeys.running import Running, program
from tests.outreach import Outreach
from tests.servers.scripted import closed_port

PATIENCE = 2.0
"""Seconds within which a no is answered for."""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    var = tmp_path / "var"
    keys.make_missing(var / "keys")
    with program(var, closed_port(), {}) as running:
        yield running


def half_sent(stack: ExitStack, running: Running, request: str) -> socket.socket:
    """A connection on which a request was begun."""
    to = urlsplit(running.url)
    line = stack.enter_context(socket.create_connection((to.hostname, to.port), timeout=10))
    line.sendall(request.encode())
    return line


def _unsubscribe_path(running: Running, prospect_id: int) -> str:
    services = running.services
    with services.database.reading() as session:
        person = session.get_one(Prospect, prospect_id)
        link = MailboxLink(person.address_digest, services.settings.keys.addresses.version, "")
    return urlsplit(services.links.unsubscribe_url(link)).path


def test_a_no_is_heard_while_rude_clients_hold_what_they_can(running: Running) -> None:
    outreach = Outreach(running.services)
    paths = [_unsubscribe_path(running, outreach.person()) for _ in range(4)]
    with ExitStack() as stack:
        for number in range(60):
            half_sent(stack, running, f"GET /login HTTP/1.1\r\nHost: x\r\nX-{number}: ")
        for number in range(240):  # most are one client's, who comes 200 times
            place = "192.0.2.9" if number < 200 else f"198.51.100.{number}"
            half_sent(
                stack,
                running,
                f"POST {paths[0]} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {place}\r\n"
                "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nchoice=",
            )
        time.sleep(0.5)
        for path in paths[1:]:
            began = time.monotonic()
            answer = running.visitor().post(path, [("List-Unsubscribe", "One-Click")])
            assert answer.status == 200
            assert time.monotonic() - began < PATIENCE
    assert len(running.rows(Refusal)["refusals"]) == 3
