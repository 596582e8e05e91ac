"""The SMTP mailer's one connection: kept, shared, given up in time, never trusted too far."""

import threading
from dataclasses import replace

import pytest

from crm.adapters.smtp import Limits, SmtpMailer
from crm.adapters.smtp_session import Relay, TlsMode
from crm.delivery.ports import Accepted, NotSent, NotSentReason, Outcome, Rejected, Uncertain
from crm.kernel.clock import monotonic
from tests.envelopes import envelope, envelopes
from tests.servers.scripted import Peer
from tests.servers.smtp import (
    SmtpServer,
    Stage,
    answer,
    close,
    hang,
    reset,
    want_it_anyway,
)

pytestmark = [pytest.mark.enable_socket]

LIMITS = Limits(batch=3, opening=1.5, message=1, answer=0.1)
PATIENT = Limits(batch=5, opening=2, message=2, answer=0.1)


def mailer_for(server: SmtpServer, limits: Limits = PATIENT) -> SmtpMailer:
    return SmtpMailer(Relay("127.0.0.1", server.port, TlsMode.NONE), limits=limits)


def send(server: SmtpServer, count: int = 1, limits: Limits = PATIENT) -> list[Outcome]:
    mailer = mailer_for(server, limits)
    outcomes = mailer.send(envelopes(count))
    mailer.close()
    return outcomes


UNREACHABLE = NotSent(NotSentReason.UNREACHABLE)


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_refused_recipient_does_not_hold_up_the_others(*, pipelining: bool) -> None:
    with SmtpServer({(Stage.RCPT, 2): answer("550 5.1.1 who?")}, pipelining=pipelining) as server:
        outcomes = send(server, 3)
        assert [type(outcome) for outcome in outcomes] == [Accepted, Rejected, Accepted]
        assert server.connections == 1
        assert [one.wire for one in server.taken] == [envelope(1).wire, envelope(3).wire]


def test_a_server_that_wants_a_body_for_nobody_gets_an_empty_one() -> None:
    faults = {(Stage.RCPT, 1): answer("550 5.1.1 who?"), (Stage.DATA, 1): want_it_anyway}
    with SmtpServer(faults) as server:
        assert [type(outcome) for outcome in send(server, 2)] == [Rejected, Accepted]
        assert [one.wire for one in server.taken] == [envelope(2).wire]


def test_the_next_envelope_travels_with_the_body() -> None:
    ahead: list[bool] = []

    def look(peer: Peer) -> None:
        ahead.append(peer.waiting().startswith(b"MAIL FROM"))
        peer.say(b"250 ok\r\n")

    with SmtpServer({(Stage.DOT, 0): look}) as server:
        send(server, 3)
    assert ahead == [True, True, False]


def test_without_pipelining_nothing_is_sent_ahead() -> None:
    ahead: list[bytes] = []

    def look(peer: Peer) -> None:
        ahead.append(peer.waiting())
        peer.say(b"250 ok\r\n")

    with SmtpServer({(Stage.DOT, 0): look}, pipelining=False) as server:
        send(server, 3)
    assert ahead == [b"", b"", b""]


def test_a_reply_nobody_asked_for_is_not_taken_for_an_acceptance() -> None:
    for pipelining in (True, False):
        with SmtpServer(
            {(Stage.DATA, 1): answer("354 go\r\n250 2.0.0 taken")}, pipelining=pipelining
        ) as server:
            assert send(server, limits=LIMITS) == [UNREACHABLE]
            assert server.taken == []


def test_one_connection_serves_many_batches() -> None:
    with SmtpServer() as server:
        mailer = mailer_for(server)
        for number in range(1, 5):
            mailer.send([envelope(number), envelope(number + 10)])
        assert server.connections == 1
        assert len(server.taken) == 8
        mailer.close()
        assert server.commands[-1] == "QUIT"


def test_a_connection_that_died_of_age_costs_nothing() -> None:
    for behaviour in (close, reset, answer("421 4.4.2 too long idle")):
        with SmtpServer({(Stage.MAIL, 2): behaviour}, pipelining=False) as server:
            mailer = mailer_for(server)
            first, second = mailer.send([envelope(1)]), mailer.send([envelope(2), envelope(3)])
            assert [type(one) for one in first] == [Accepted]
            assert isinstance(second[-1], Accepted)
            assert not any(isinstance(one, Uncertain) for one in second)
            assert server.connections == 2
            mailer.close()


def test_a_relay_that_hangs_up_after_each_message_still_takes_them_all() -> None:
    def say_goodbye(peer: Peer) -> None:
        peer.say(b"250 2.0.0 ok\r\n")
        raise ConnectionResetError

    with SmtpServer({(Stage.TAKEN, 0): say_goodbye}) as server:
        outcomes = send(server, 5)
        assert [type(one) for one in outcomes] == [Accepted] * 5
        assert len(server.taken) == 5


def test_a_connection_is_given_up_after_its_share_of_messages() -> None:
    with SmtpServer() as server:
        mailer = mailer_for(server, replace(PATIENT, messages_a_session=2))
        for number in range(1, 5):
            mailer.send([envelope(number)])
        assert server.connections == 2
        mailer.close()


def test_doubt_about_one_message_keeps_the_rest_of_the_batch_at_home() -> None:
    with SmtpServer({(Stage.DOT, 0): close}) as server:
        outcomes = send(server, 10)
        assert [type(one) for one in outcomes] == [Uncertain] + [NotSent] * 9
        assert server.connections == 1


def test_what_cannot_be_finished_in_time_is_not_begun() -> None:
    def slowly(peer: Peer) -> None:
        peer.stop.wait(0.5)
        peer.say(b"250 ok\r\n")

    limits = Limits(batch=2.6, opening=1, message=2.6, answer=1.5)
    with SmtpServer({(Stage.TAKEN, 0): slowly}, pipelining=False) as server:
        start = monotonic()
        outcomes = send(server, 10, limits)
        assert monotonic() - start < 4
        late = [one for one in outcomes if one == NotSent(NotSentReason.OUT_OF_TIME)]
        assert len(late) + len(server.taken) == 10
        assert late
        assert server.taken


def test_a_mailer_that_is_busy_says_so_in_time() -> None:
    with SmtpServer({(Stage.DOT, 1): hang}) as server:
        mailer = mailer_for(server, Limits(batch=3, opening=2, message=2.9, answer=1.9))
        thread = threading.Thread(target=mailer.send, args=([envelope(1)],))
        thread.start()
        while "DATA" not in server.commands:
            thread.join(0.01)
        assert mailer.send([envelope(2)]) == [NotSent(NotSentReason.OUT_OF_TIME)]
        thread.join()


def test_each_message_has_time_of_its_own() -> None:
    def slowly(peer: Peer) -> None:
        peer.stop.wait(0.6)
        peer.say(b"250 ok\r\n")

    limits = Limits(batch=9, opening=3, message=2, answer=0.1)
    with SmtpServer({(Stage.TAKEN, 0): slowly}) as server:
        assert [type(one) for one in send(server, 4, limits)] == [Accepted] * 4
        assert len(server.taken) == 4


def test_a_line_without_end_is_not_read_for_ever() -> None:
    def never_ends(peer: Peer) -> None:
        peer.say(b"220 " + b"x" * 50_000)
        peer.hang()

    with SmtpServer({(Stage.GREETING, 1): never_ends}) as server:
        start = monotonic()
        assert send(server, limits=Limits(batch=9, opening=8, message=8, answer=0.1)) == [UNREACHABLE]
        assert monotonic() - start < 4


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("550 5.7.1 not you", NotSent(NotSentReason.SENDER_REFUSED, pause_mailbox=True)),
        ("530 5.7.0 log in", NotSent(NotSentReason.LOGIN_REFUSED, pause_mailbox=True)),
        ("421 4.3.2 closing", NotSent(NotSentReason.DEFERRED)),
    ],
)
def test_a_relay_that_will_take_nothing_is_not_asked_ten_times(said: str, meant: Outcome) -> None:
    with SmtpServer({(Stage.MAIL, 0): answer(said)}) as server:
        assert send(server, 10) == [meant] * 10
        assert sum(one.startswith("MAIL") for one in server.commands) == 1
        assert server.connections == 1
