"""The image service's client: what it sends, and what it makes of every answer."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from crm.adapters.image_service import HttpImageService
from crm.handoff.ports import Acknowledged, Conflict, HandOver, Refused, TryLater, TryLaterReason
from crm.kernel.clock import monotonic
from crm.kernel.errors import InvalidSettingsError
from crm.kernel.webhooks import new_secret, verify
from tests.leads import lead
from tests.servers import http
from tests.servers.scripted import closed_port

pytestmark = [pytest.mark.enable_socket]

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SECRETS = [new_secret(), new_secret()]
LEAD_ID, BODY = lead()


def acknowledgement(lead_id: object = LEAD_ID, remote_id: object = "img-1") -> bytes:
    return json.dumps({"lead_id": lead_id, "remote_id": remote_id}).encode()


def hand_over(answer: http.Answer) -> tuple[HandOver, http.HttpServer]:
    with http.HttpServer([answer]) as server:
        service = HttpImageService(server.url, SECRETS, lambda: NOW, seconds=0.8)
        outcome = service.hand_over(LEAD_ID, BODY)
        service.close()
        return outcome, server


UNREADABLE = TryLater(TryLaterReason.UNREADABLE_ANSWER)
BROKEN = TryLater(TryLaterReason.BROKEN)
NO_ANSWER = TryLater(TryLaterReason.NO_ANSWER)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (http.status(201, acknowledgement()), Acknowledged("img-1")),
        (http.status(200, acknowledgement()), Acknowledged("img-1")),
        (http.status(200, acknowledgement("lead-of-somebody-else")), UNREADABLE),
        (http.status(200, acknowledgement(remote_id=None)), UNREADABLE),
        (http.status(200, acknowledgement(remote_id="")), UNREADABLE),
        (http.status(200, acknowledgement(remote_id="a b\n")), UNREADABLE),
        (http.status(200, acknowledgement(remote_id=["x"])), UNREADABLE),
        (http.status(200, b"<html>Welcome to the hotel's network"), UNREADABLE),
        (http.status(200, b"[" * 60000), UNREADABLE),
        (http.status(200, b"[]"), UNREADABLE),
        (http.status(202), UNREADABLE),
        (http.status(204), UNREADABLE),
        (http.status(302, Location="https://elsewhere.example/"), Refused("answer_302")),
        (http.status(400, b'{"error":"not_a_lead"}'), Refused("answer_400 not_a_lead")),
        (http.status(400, b'{"error":"Ann <ann@b.example> is unknown"}'), Refused("answer_400")),
        (http.status(401), Refused("answer_401")),
        (http.status(404), Refused("answer_404")),
        (http.status(409, b'{"error":"other_body"}'), Conflict("other_body")),
        (http.status(409), Conflict("other_body")),
        (http.status(408), TryLater(TryLaterReason.BUSY)),
        (http.status(425), TryLater(TryLaterReason.BUSY)),
        (http.status(429, Retry_After="30"), TryLater(TryLaterReason.BUSY, timedelta(seconds=30))),
        (http.status(429, Retry_After="99999"), TryLater(TryLaterReason.BUSY, timedelta(hours=1))),
        (http.status(429, Retry_After="0"), TryLater(TryLaterReason.BUSY, timedelta(seconds=1))),
        (http.status(500), BROKEN),
        (http.status(503, Retry_After="5"), TryLater(TryLaterReason.BROKEN, timedelta(seconds=5))),
        (http.hang, NO_ANSWER),
        (http.drip, NO_ANSWER),
        (http.reset, NO_ANSWER),
        (http.close, NO_ANSWER),
        (http.raw(b"garbage\r\n\r\n"), UNREADABLE),
        (http.raw(b"HTTP/1.1 200 X\r\nContent-Length: 500\r\n\r\n{"), UNREADABLE),
        (http.hang_in_body(201), UNREADABLE),
    ],
)  # fmt: skip
def test_each_answer_has_its_meaning(answer: http.Answer, outcome: HandOver) -> None:
    start = monotonic()
    assert hand_over(answer)[0] == outcome
    assert monotonic() - start < 3


def test_nobody_there_is_for_later() -> None:
    service = HttpImageService(f"http://127.0.0.1:{closed_port()}", SECRETS, lambda: NOW)
    assert service.hand_over(LEAD_ID, BODY) == TryLater(TryLaterReason.UNREACHABLE)


def test_the_frozen_body_travels_signed_under_its_key() -> None:
    _, server = hand_over(http.status(201, acknowledgement()))
    asked = server.asked[0]
    assert (asked.method, asked.path, asked.body) == ("POST", "/leads", BODY)
    assert asked.headers["idempotency-key"] == LEAD_ID
    assert asked.headers["content-type"] == "application/json"
    for secret in SECRETS:
        assert verify([secret], asked.headers, asked.body, NOW) == LEAD_ID


def test_asking_again_repeats_key_and_body() -> None:
    with http.HttpServer([http.status(503), http.reset, http.status(201, acknowledgement())]) as server:
        times = iter(NOW + timedelta(minutes=minute) for minute in range(3))
        service = HttpImageService(server.url, SECRETS, lambda: next(times))
        outcomes = [service.hand_over(LEAD_ID, BODY) for _ in range(3)]
        assert outcomes[-1] == Acknowledged("img-1")
        assert {
            (one.headers["idempotency-key"], one.headers["webhook-id"], one.body) for one in server.asked
        } == {(LEAD_ID, LEAD_ID, BODY)}
        assert len({one.headers["webhook-timestamp"] for one in server.asked}) == 3
        service.close()


def test_a_body_larger_than_any_buffer_arrives_whole() -> None:
    body = b"0123456789abcdef" * 500_000
    with http.HttpServer([http.status(201, acknowledgement())]) as server:
        service = HttpImageService(server.url, SECRETS, lambda: NOW)
        assert service.hand_over(LEAD_ID, body) == Acknowledged("img-1")
        assert server.asked[0].body == body
        service.close()


def test_a_path_before_ours_is_kept() -> None:
    with http.HttpServer([http.status(201, acknowledgement())]) as server:
        service = HttpImageService(f"{server.url}/api/", SECRETS, lambda: NOW)
        service.hand_over(LEAD_ID, BODY)
        assert server.asked[0].path == "/api/leads"
        service.close()


@pytest.mark.parametrize(
    ("url", "secrets"),
    [
        ("http://images.example", SECRETS),
        ("https://user:pass@images.example", SECRETS),
        ("https://images.example?x=1", SECRETS),
        ("images.example", SECRETS),
        ("https://images.example", []),
        ("https://images.example", ["not a secret"]),
    ],
)
def test_an_address_in_the_open_or_no_secret_cannot_be_set(url: str, secrets: list[str]) -> None:
    with pytest.raises(InvalidSettingsError) as caught:
        HttpImageService(url, secrets, lambda: NOW)
    assert "not a secret" not in str(caught.value)
