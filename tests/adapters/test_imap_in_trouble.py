"""An IMAP server that hangs, drips, lies or breaks at any command: over in time, and nothing is lost."""

import itertools
import threading

import pytest

from crm.adapters.imap import ImapInbox
from crm.adapters.imap_kept import Limits
from crm.adapters.imap_session import ImapPlace
from crm.adapters.smtp_session import TlsMode
from crm.kernel.clock import monotonic
from tests.servers.imap import MAIL, Behaviour, ImapServer, drip, flood, hang, reset, say
from tests.servers.scripted import Peer
from tests.servers.tls import Tls

pytestmark = [pytest.mark.enable_socket]

LIMITS = Limits(opening=0.5, command=0.5, message=0.5, back_off=0.05, longest=0.1)
STAGES = ["greeting", "CAPABILITY", "LOGIN", "SELECT", "NOOP", "SEARCH", "FETCH"]
BAD: dict[str, Behaviour] = {
    "hang": hang,
    "drip": drip,
    "reset": reset,
    "garbage": say(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n"),
    "a literal of ten gigabytes": say(b"* 1 FETCH (UID 1 BODY[] {10737418240}\r\nxxxx"),
    "goodbye": say(b"* BYE overloaded\r\n"),
}


def inbox_for(server: ImapServer, tls: TlsMode = TlsMode.NONE, authority: Tls | None = None) -> ImapInbox:
    place = ImapPlace("127.0.0.1", server.port, "post", "secret", tls)
    return ImapInbox(place, context=authority.client if authority else None, limits=LIMITS)


def until_read(inbox: ImapInbox) -> list[bytes]:
    end = monotonic() + 10
    found: list[bytes] = []
    while not found and monotonic() < end:
        found = [raw for _, raw in inbox.unseen()]
        threading.Event().wait(0.05)
    return found


@pytest.mark.parametrize(("stage", "bad"), list(itertools.product(STAGES, BAD)))
def test_trouble_at_any_command_ends_in_time_and_passes(stage: str, bad: str) -> None:
    with ImapServer({stage: BAD[bad]}) as server:
        inbox = inbox_for(server)
        start = monotonic()
        assert list(inbox.unseen()) == []
        assert monotonic() - start < 8
        server.faults.clear()
        assert until_read(inbox) == [MAIL]
        inbox.close()


def test_what_is_announced_beyond_measure_is_not_read() -> None:
    swallowed: list[bool] = []

    def behave(peer: Peer) -> None:
        swallowed.append(False)
        flood(peer)
        swallowed[-1] = True

    with ImapServer({"FETCH": behave}) as server:
        inbox = ImapInbox(
            ImapPlace("127.0.0.1", server.port, "post", "secret", TlsMode.NONE),
            limits=Limits(opening=5, command=20, message=20, back_off=0.05),
        )
        assert list(inbox.unseen()) == []
        inbox.close()
    assert swallowed
    assert not any(swallowed)


@pytest.mark.parametrize("bad", BAD)
def test_trouble_at_the_mark_leaves_the_mail_unread(bad: str) -> None:
    with ImapServer({"STORE": BAD[bad]}) as server:
        inbox = inbox_for(server)
        key = next(inbox.unseen())[0]
        start = monotonic()
        assert not inbox.keep(key)
        assert monotonic() - start < 8
        server.faults.clear()
        assert until_read(inbox) == [MAIL]
        inbox.close()


def test_a_server_that_stays_away_is_tried_less_and_less_often() -> None:
    with ImapServer({"greeting": reset}) as server:
        inbox = ImapInbox(
            ImapPlace("127.0.0.1", server.port, "post", "secret", TlsMode.NONE),
            limits=Limits(opening=1, command=1, back_off=0.2, longest=60),
        )
        end = monotonic() + 2
        while monotonic() < end:
            assert list(inbox.unseen()) == []
            threading.Event().wait(0.01)
        assert 2 <= server.connections <= 4  # at 0, 0.2, 0.6 and 1.4 seconds


def test_what_is_said_before_tls_is_not_believed_after_it(authority: Tls) -> None:
    """An answer smuggled in behind the OK would be taken for the server's own (RFC 9051 section 11.1)."""
    with ImapServer(tls=authority.server, smuggled=b"* CAPABILITY IMAP4rev1\r\n") as server:
        inbox = inbox_for(server, TlsMode.STARTTLS, authority)
        assert list(inbox.unseen()) == []
        assert not [command for command in server.commands if "LOGIN" in command]
        server.smuggled = b""
        assert until_read(inbox) == [MAIL]
        inbox.close()


def test_a_password_that_the_server_cannot_take_is_named_as_the_reason() -> None:
    with ImapServer() as server:
        place = ImapPlace("127.0.0.1", server.port, "post", "wachtwoord-é", TlsMode.NONE)
        assert "in ASCII only" in ImapInbox(place, limits=LIMITS).look().words


def test_a_server_without_tls_hears_no_password(authority: Tls) -> None:
    with ImapServer() as server:
        inbox = inbox_for(server, TlsMode.STARTTLS, authority)
        assert list(inbox.unseen()) == []
        assert not [command for command in server.commands if "LOGIN" in command or "secret" in command]
