"""What a place for inbound mail promises: nothing is lost, and nothing comes back that was kept."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from tests.contracts import inboxes
from tests.contracts.inboxes import Place
from tests.servers import dovecot
from tests.servers.dovecot import Dovecot
from tests.servers.tls import Tls

pytestmark = [pytest.mark.enable_socket]


@pytest.fixture(scope="module")
def server(authority: Tls) -> Iterator[Callable[[], Dovecot]]:
    """Started by the first that needs it: the other places are tested without Dovecot too."""
    with ExitStack() as stack:
        yield cache(lambda: stack.enter_context(dovecot.server(authority)))


@pytest.fixture(params=inboxes.ALL, ids=lambda make: make.__name__)
def place(request: pytest.FixtureRequest, tmp_path: Path, server: Callable[[], Dovecot]) -> Iterator[Place]:
    with request.param(tmp_path, server) as place:
        yield place


RAW = b"Subject: \xff\xfe\r\nReply-To: <x\r\n\r\n anything at all, =?broken?= \x01\r\n.\r\n even this\r\n"


def test_a_message_is_seen_byte_for_byte_until_it_is_kept(place: Place) -> None:
    place.deliver(RAW)
    for _ in range(2):
        assert [raw for _, raw in place.inbox.unseen()] == [RAW]
    key = next(place.inbox.unseen())[0]
    assert place.inbox.keep(key)
    assert list(place.inbox.unseen()) == []


def test_oldest_first_and_no_more_than_asked(place: Place) -> None:
    mails = [b"Subject: %d\r\n\r\n%d\r\n" % (number, number) for number in range(5)]
    for raw in mails:
        place.deliver(raw)
    assert [raw for _, raw in place.inbox.unseen(limit=3)] == mails[:3]


def test_each_is_kept_while_the_next_is_still_to_come(place: Place) -> None:
    mails = [b"Subject: %d\r\n\r\n%d\r\n" % (number, number) for number in range(5)]
    for raw in mails:
        place.deliver(raw)
    seen = []
    for key, raw in place.inbox.unseen():
        seen.append(raw)
        assert place.inbox.keep(key)
    assert seen == mails
    assert list(place.inbox.unseen()) == []


def test_of_two_who_keep_a_message_one_is_told_so(place: Place) -> None:
    place.deliver(RAW)
    key = next(place.inbox.unseen())[0]
    assert [place.inbox.keep(key), place.other.keep(key), place.other.quarantine(key)] == [True, False, False]
    assert list(place.other.unseen()) == []


def test_a_message_laid_aside_is_not_seen_again(place: Place) -> None:
    place.deliver(RAW)
    place.deliver(b"Subject: next\r\n\r\nnext\r\n")
    key = next(place.inbox.unseen())[0]
    assert place.inbox.quarantine(key)
    assert not place.inbox.quarantine(key)
    assert [raw for _, raw in place.inbox.unseen()] == [b"Subject: next\r\n\r\nnext\r\n"]


@pytest.mark.parametrize("key", ["nobody", "", "1.1", "99999999999.1", "../x", "1.1\r\nA1 LOGOUT"])
def test_an_unknown_key_is_not_there(place: Place, key: str) -> None:
    assert not place.inbox.keep(key)
    assert not place.inbox.quarantine(key)


def test_a_look_says_how_much_waits(place: Place) -> None:
    place.deliver(RAW)
    look = place.inbox.look()
    assert look.works
    assert "1 not read yet" in look.words


def test_told_to_stop_nobody_waits(place: Place) -> None:
    assert not place.inbox.wait(30, lambda: True)


def test_reading_after_closing_works(place: Place) -> None:
    place.deliver(RAW)
    list(place.inbox.unseen())
    place.inbox.close()
    place.inbox.close()
    assert [raw for _, raw in place.inbox.unseen()] == [RAW]
