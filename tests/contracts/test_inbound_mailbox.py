"""What a place for inbound mail promises: nothing is lost, and nothing comes back that was kept."""

from collections.abc import Callable
from pathlib import Path

import pytest

from crm.adapters.inbox import MaildirInbox
from crm.adapters.maildir import Maildir
from crm.replies.ports import InboundMailbox
from tests.fakes import MemoryInbox

Deliver = Callable[[bytes], object]
Place = tuple[InboundMailbox, Deliver]


def memory(folder: Path) -> Place:
    inbox = MemoryInbox()
    return inbox, inbox.deliver


def maildir(folder: Path) -> Place:
    numbers = iter(range(1000))
    return MaildirInbox(folder), lambda raw: Maildir(folder).deliver(f"mail-{next(numbers)}", raw)


@pytest.fixture(params=[memory, maildir], ids=lambda make: make.__name__)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    made: Place = request.param(tmp_path)
    return made


RAW = b"Subject: \xff\xfe\r\nReply-To: <x\r\n\r\n\x00 anything at all, \n even this\r"


def test_a_message_is_seen_byte_for_byte_until_it_is_kept(place: Place) -> None:
    inbox, deliver = place
    deliver(RAW)
    for _ in range(2):
        assert [raw for _, raw in inbox.unseen()] == [RAW]
    key = next(inbox.unseen())[0]
    assert inbox.keep(key)
    assert list(inbox.unseen()) == []


def test_oldest_first_and_no_more_than_asked(place: Place) -> None:
    inbox, deliver = place
    for number in range(5):
        deliver(f"{number}".encode())
    assert [raw for _, raw in inbox.unseen(limit=3)] == [b"0", b"1", b"2"]


def test_of_two_who_keep_a_message_one_is_told_so(place: Place) -> None:
    inbox, deliver = place
    deliver(RAW)
    key = next(inbox.unseen())[0]
    assert [inbox.keep(key), inbox.keep(key), inbox.quarantine(key)] == [True, False, False]


def test_a_message_laid_aside_is_not_seen_again(place: Place) -> None:
    inbox, deliver = place
    deliver(RAW)
    deliver(b"next")
    key = next(inbox.unseen())[0]
    assert inbox.quarantine(key)
    assert [raw for _, raw in inbox.unseen()] == [b"next"]


def test_an_unknown_key_is_not_there(place: Place) -> None:
    inbox, _ = place
    assert not inbox.keep("nobody")
    assert not inbox.quarantine("nobody")
