"""What every mailer promises, the fake and the real ones alike."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest

from crm.delivery.ports import Accepted, Envelope, Rejected
from tests.contracts import mailers
from tests.contracts.mailers import Post, letter
from tests.envelopes import envelope, envelopes
from tests.servers.tls import Tls

pytestmark = [pytest.mark.enable_socket]


@pytest.fixture(params=mailers.ALL, ids=lambda make: make.__name__)
def post(request: pytest.FixtureRequest, tmp_path: Path, authority: Tls) -> Iterator[Post]:
    with request.param(tmp_path / "mail", authority) as post:
        yield post


def test_every_message_arrives_once_and_whole(post: Post) -> None:
    batch = envelopes(10)
    outcomes = post.mailer.send(batch)
    assert [type(outcome) for outcome in outcomes] == [Accepted] * 10
    arrived = sorted(post.arrived(), key=lambda one: one.recipient)
    assert arrived == sorted((letter(e.recipient, e.wire) for e in batch), key=lambda one: one.recipient)


def test_batch_after_batch_goes_through_one_mailer(post: Post) -> None:
    for number in range(1, 4):
        assert isinstance(post.mailer.send([envelope(number)])[0], Accepted)
    assert len(post.arrived()) == 3


def test_an_empty_batch_is_no_trouble(post: Post) -> None:
    assert post.mailer.send([]) == []


def test_eleven_messages_are_refused_before_any_is_sent(post: Post) -> None:
    with pytest.raises(ValueError, match="at most"):
        post.mailer.send(envelopes(11))
    assert post.arrived() == []


MALFORMED = {
    "recipient with a line break": replace(envelope(2), recipient="a@b.example\r\nRCPT TO:<c@d.example>"),
    "recipient with a display name": replace(envelope(2), recipient="Anna <a@b.example>"),
    "two recipients": replace(envelope(2), recipient="a@b.example,c@d.example"),
    "recipient beyond ASCII": replace(envelope(2), recipient="müller@b.example"),
    "empty recipient": replace(envelope(2), recipient=""),
    "sender with a bracket": replace(envelope(2), sender="b@c.example> SIZE=1"),
    "bare line feed": replace(envelope(2), wire=envelope(2).wire + b".\nMAIL FROM:<x@y.example>\n\r\n"),
    "bare carriage return": replace(envelope(2), wire=envelope(2).wire + b"a\rb\r\n"),
    "no last line end": replace(envelope(2), wire=envelope(2).wire + b"end"),
    "eight bits": replace(envelope(2), wire=envelope(2).wire + "é\r\n".encode()),
    "a zero byte": replace(envelope(2), wire=envelope(2).wire + b"\0\r\n"),
    "a line of 999": replace(envelope(2), wire=envelope(2).wire + b"x" * 999 + b"\r\n"),
    "an id that climbs": replace(envelope(2), public_id="../../escape"),
}


@pytest.mark.parametrize("bad", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_message_is_rejected_and_the_others_go(post: Post, bad: Envelope) -> None:
    outcomes = post.mailer.send([envelope(1), bad, envelope(3)])
    assert [type(outcome) for outcome in outcomes] == [Accepted, Rejected, Accepted]
    assert isinstance(outcomes[1], Rejected)
    assert outcomes[1].code == "malformed"
    assert "@" not in outcomes[1].detail
    assert {one.recipient for one in post.arrived()} == {envelope(1).recipient, envelope(3).recipient}


def test_lines_that_begin_with_dots_arrive_as_they_were(post: Post) -> None:
    head, _, _ = envelope(1).wire.partition(b"\r\n\r\n")
    plain = b"\r\n".join(line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-type"))
    body = b"\r\n\r\n.\r\n..\r\n.hidden\r\n. \r\nend\r\n"
    sent = envelope(
        1,
        wire_bytes=plain.replace(b"MIME-Version: 1.0", b"MIME-Version: 1.0\r\nContent-Type: text/plain")
        + body,
    )
    assert isinstance(post.mailer.send([sent])[0], Accepted)
    text = post.arrived()[0].text.replace("\r\n", "\n")
    assert text == ".\n..\n.hidden\n. \nend\n"


def test_sending_after_closing_works(post: Post) -> None:
    post.mailer.send([envelope(1)])
    post.mailer.close()
    post.mailer.close()
    assert isinstance(post.mailer.send([envelope(2)])[0], Accepted)


def test_several_threads_lose_nothing(post: Post) -> None:
    batches = [[envelope(10 * batch + number) for number in range(5)] for batch in range(1, 7)]
    with ThreadPoolExecutor(6) as threads:
        outcomes = list(threads.map(post.mailer.send, batches))
    assert all(isinstance(one, Accepted) for one in chain.from_iterable(outcomes))
    sent = sorted(e.recipient for e in chain.from_iterable(batches))
    assert sorted(one.recipient for one in post.arrived()) == sent


def test_a_providers_name_for_a_message_is_short(post: Post) -> None:
    outcome = post.mailer.send([envelope(1)])[0]
    assert isinstance(outcome, Accepted)
    assert outcome.provider_id is None or 0 < len(outcome.provider_id) <= 64
