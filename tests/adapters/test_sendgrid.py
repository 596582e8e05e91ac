"""The SendGrid mailer: what it posts, and what it makes of every answer."""

import contextlib
import json
import logging
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm.adapters.sendgrid import Limits, SendGridMailer
from crm.delivery.ports import Accepted, NotSent, NotSentReason, Outcome, Rejected, Uncertain
from crm.kernel.clock import monotonic
from crm.kernel.errors import InvalidSettingsError
from tests.envelopes import envelope, envelopes, wire
from tests.servers import http
from tests.servers.scripted import Peer, closed_port
from tests.servers.tls import Tls

pytestmark = [pytest.mark.enable_socket]

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LIMITS = Limits(batch=8, message=1.5, answer=0.1)
ACCEPTED = http.status(202, X_Message_Id="abcdefghij0123456789ab")


@contextlib.contextmanager
def mailer_for(
    url: str, *, context: ssl.SSLContext | None = None, threads: int = 5
) -> Iterator[SendGridMailer]:
    mailer = SendGridMailer("SG.key", lambda: NOW, host=url, threads=threads, context=context, limits=LIMITS)
    yield mailer
    mailer.close()


def send(answer: http.Answer, count: int = 1, *, threads: int = 5) -> tuple[list[Outcome], http.HttpServer]:
    with http.HttpServer([answer]) as server, mailer_for(server.url, threads=threads) as mailer:
        return mailer.send(envelopes(count)), server


LOGIN = NotSent(NotSentReason.LOGIN_REFUSED, pause_mailbox=True)
SETTINGS = NotSent(NotSentReason.MISCONFIGURED, pause_mailbox=True)
LATER = NotSent(NotSentReason.THROTTLED)
COMPLAINT = b'{"errors":[{"message":"Bad subject for a@b.example","field":"subject","help":null}]}'


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (ACCEPTED, Accepted("abcdefghij0123456789ab")),
        (http.status(202), Accepted(None)),
        (http.hang_in_body(202), Accepted("abc")),
        (http.raw(b"HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\nhalf"), Accepted(None)),
        (http.status(200), Uncertain("answer_200")),
        (http.status(302, Location="https://elsewhere.example/"), SETTINGS),
        (http.status(308, Location="/v3/mail/send/"), SETTINGS),
        (http.status(400, COMPLAINT), Rejected("400", "subject Bad subject for <address>")),
        (http.status(400, b"<html>nginx"), Rejected("400", "")),
        (http.status(400, b'{"errors":[]}'), Rejected("400", "")),
        (http.status(401), LOGIN),
        (http.status(403), LOGIN),
        (http.status(404), SETTINGS),
        (http.status(405), SETTINGS),
        (http.status(408), Uncertain("answer_408")),
        (http.status(413), Rejected("413", "")),
        (http.status(422), Rejected("422", "")),
        (http.status(429), LATER),
        (http.status(500), Uncertain("answer_500")),
        (http.status(502), Uncertain("answer_502")),
        (http.status(503), Uncertain("answer_503")),
        (http.status(504), Uncertain("answer_504")),
        (http.hang, Uncertain("timed_out")),
        (http.drip, Uncertain("timed_out")),
        (http.reset, Uncertain("connection_lost")),
        (http.close, Uncertain("connection_lost")),
        (http.raw(b"garbage\r\n\r\n"), Uncertain("unreadable_answer")),
        (http.raw(b"HTTP/1.1 banana X\r\n\r\n"), Uncertain("unreadable_answer")),
        (http.raw(b"HTTP/1.1 202"), Accepted(None)),
        (http.raw(b"HTTP/1.1 202 X\r\nX: " + b"y" * 70000), Uncertain("unreadable_answer")),
        (http.raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + b"HTTP/1.1 202 X\r\n\r\n"), Accepted(None)),
    ],
)  # fmt: skip
def test_each_answer_has_its_meaning(answer: http.Answer, outcome: Outcome) -> None:
    assert send(answer)[0] == [outcome]


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"X_RateLimit_Reset": str(int(NOW.timestamp()) + 30)}, timedelta(seconds=30)),
        ({"X_RateLimit_Reset": str(int(NOW.timestamp()) + 86400)}, timedelta(minutes=15)),
        ({"X_RateLimit_Reset": str(int(NOW.timestamp()) - 5)}, timedelta(seconds=1)),
        ({"X_RateLimit_Reset": "30"}, None),
        ({"X_RateLimit_Reset": "-1"}, None),
        ({"Retry_After": "7"}, timedelta(seconds=7)),
        ({"Retry_After": "999999999"}, timedelta(minutes=15)),
        ({"Retry_After": "Mon, 02 Mar 2026 10:00:00 GMT"}, None),
    ],
)
def test_a_throttled_channel_waits_as_long_as_it_is_told_within_reason(
    headers: dict[str, Any], wait: timedelta | None
) -> None:
    assert send(http.status(429, **headers))[0] == [NotSent(NotSentReason.THROTTLED, retry_after=wait)]


def test_nobody_there_is_not_sent() -> None:
    with mailer_for(f"http://127.0.0.1:{closed_port()}") as mailer:
        assert mailer.send([envelope()]) == [NotSent(NotSentReason.UNREACHABLE)]


def test_a_certificate_of_strangers_gets_neither_mail_nor_key(authority: Tls) -> None:
    stranger = authority.stranger
    with (
        http.HttpServer([ACCEPTED], tls=authority.server) as server,
        mailer_for(server.url, context=stranger) as mailer,
    ):
        assert mailer.send([envelope()]) == [NotSent(NotSentReason.TLS_FAILED, pause_mailbox=True)]
        assert server.asked == []


@pytest.mark.parametrize("answer", [http.status(401), http.status(429), http.reset, http.status(503)])
def test_trouble_with_one_message_spares_the_rest_of_the_batch(answer: http.Answer) -> None:
    outcomes, server = send(answer, 10, threads=1)
    assert len(server.asked) == 1
    assert all(isinstance(one, NotSent) for one in outcomes[1:])


def test_an_early_no_counts_though_the_body_was_not_read() -> None:
    def refuse(peer: Peer, asked: http.Asked) -> None:
        http.status(401)(peer, asked)
        raise ConnectionResetError

    big = wire("inkoop1@winkel1.example", text="line\n" * 60_000)
    with http.HttpServer([refuse], before_body=True) as server, mailer_for(server.url) as mailer:
        outcome = mailer.send([envelope(wire_bytes=big)])[0]
        assert outcome in (LOGIN, Uncertain("connection_lost"))  # a reset may overtake the answer


def test_connections_are_kept_and_not_more_than_threads() -> None:
    with http.HttpServer([ACCEPTED]) as server, mailer_for(server.url, threads=2) as mailer:
        for _ in range(4):
            mailer.send(envelopes(10))
        assert len(server.asked) == 40
        assert server.connections <= 2


def test_a_kept_connection_that_was_closed_costs_nothing() -> None:
    def say_and_close(peer: Peer, asked: http.Asked) -> None:
        ACCEPTED(peer, asked)
        raise ConnectionResetError

    with http.HttpServer([say_and_close]) as server, mailer_for(server.url, threads=1) as mailer:
        for number in range(1, 5):
            assert isinstance(mailer.send([envelope(number)])[0], Accepted)
            threading.Event().wait(0.05)  # let the end of the connection arrive
        assert server.connections == 4


def test_neither_key_nor_message_reaches_a_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("python_http_client").setLevel(logging.WARNING)  # what importing the adapter does
    send(ACCEPTED)
    send(http.status(400, COMPLAINT))
    assert "SG.key" not in caplog.text
    assert "winkel1" not in caplog.text


@pytest.mark.parametrize("key", ["", " ", "SG.key\n", "SG. key", "SG.ké"])
def test_a_key_that_is_none_is_refused_at_the_start(key: str) -> None:
    with pytest.raises(InvalidSettingsError) as caught:
        SendGridMailer(key, lambda: NOW)
    assert not key.strip() or key.strip() not in str(caught.value)


@pytest.mark.parametrize(
    "host", ["http://api.example", "ftp://127.0.0.1", "https://", "https://u:p@api.example"]
)
def test_the_key_goes_nowhere_in_the_open(host: str) -> None:
    with pytest.raises(InvalidSettingsError):
        SendGridMailer("SG.key", lambda: NOW, host=host)


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")
    assert send(ACCEPTED)[0] == [Accepted("abcdefghij0123456789ab")]


def test_a_refused_message_leaves_no_words_of_the_provider_about_people() -> None:
    words = json.dumps({"errors": [{"message": "inkoop1 @ winkel1.example is <b>bad</b>\n", "field": None}]})
    outcome = send(http.status(400, words.encode()))[0][0]
    assert isinstance(outcome, Rejected)
    assert "winkel1" not in outcome.detail
    assert "inkoop1" not in outcome.detail


def test_what_cannot_be_finished_in_time_is_not_begun() -> None:
    def slowly(peer: Peer, asked: http.Asked) -> None:
        peer.stop.wait(0.5)
        ACCEPTED(peer, asked)

    limits = Limits(batch=2.6, message=2.6, answer=1.5)
    with http.HttpServer([slowly]) as server:
        mailer = SendGridMailer("SG.key", lambda: NOW, host=server.url, threads=1, limits=limits)
        start = monotonic()
        outcomes = mailer.send(envelopes(10))
        assert monotonic() - start < 4
        mailer.close()
        late = outcomes.count(NotSent(NotSentReason.OUT_OF_TIME))
        assert late
        assert late + len(server.asked) == 10
