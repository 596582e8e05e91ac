"""The stand-in keeps the contract of `docs/image-service.md`, schema by schema."""

import contextlib
import http.client
import itertools
import json
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from jsonschema import Draft202012Validator

from crm.handoff.leads import CODE_LIFE, frozen_body
from crm.kernel.clock import real_clock
from crm.kernel.ids import new_public_id
from crm.kernel.webhooks import new_secret, signed_headers, verify
from tests.leads import CODE, lead
from tests.servers import http as scripted
from tests.servers.stand_in import StandIn

pytestmark = [pytest.mark.enable_socket]

SCHEMAS = Path(__file__).resolve().parents[2] / "crm" / "handoff" / "schemas"
SECRET = new_secret()


def schema(name: str) -> Draft202012Validator:
    read = json.loads((SCHEMAS / f"{name}.json").read_text())
    Draft202012Validator.check_schema(read)
    return Draft202012Validator(read)


def call(url: str, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes, str]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        connection.request(
            method, path, body, {name.replace("_", "-"): value for name, value in headers.items()}
        )
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers.get("Location", "")
    finally:
        connection.close()


def post_lead(url: str, body: bytes) -> tuple[int, Any]:
    signed = signed_headers([SECRET], "lead", body, now=real_clock())
    status, answer, _ = call(url, "POST", "/leads", body, **signed)
    return status, json.loads(answer)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with StandIn(tmp_path_factory.mktemp("stand-in"), [new_secret(), SECRET]) as stand_in:
        yield stand_in.url


def test_a_lead_is_acknowledged_first_with_201_then_with_200(url: str) -> None:
    _, body = lead(2)
    first, again = post_lead(url, body), post_lead(url, body)
    assert (first[0], again[0]) == (201, 200)
    assert first[1] == again[1]
    schema("acknowledgement").validate(first[1])


def test_another_body_or_a_stolen_code_is_a_conflict(url: str) -> None:
    post_lead(url, lead(3)[1])
    assert post_lead(url, lead(3, language="fr")[1]) == (409, {"error": "other_body"})
    stolen = json.loads(lead(3)[1])["code_digest"]
    assert post_lead(url, lead(33, code_digest=stolen)[1]) == (409, {"error": "other_lead"})


WRONG: list[object] = [None, 7, "", "x\n", ["x"], {}]


def changed(name: str, value: object) -> bytes:
    fields = json.loads(lead(4)[1]) | {name: value}
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()


NOT_LEADS = [
    b"", b"[]", b"null", b"{", b'"x"', b"\xff",
    *(changed(name, value) for name, value in itertools.product(json.loads(lead(4)[1]), WRONG)),
    lead(4, email="ann@b.example")[1],
    lead(4, company={"name": "x", "phone": "1"})[1],
    lead(4, company={"name": ""})[1],
    lead(4, company={"name": "x" * 201})[1],
    lead(4, company={"name": "x", "country": "nl"})[1],
    lead(4, company={"name": "x", "website": "javascript:alert(1)"})[1],
    lead(4, company={"name": "x", "website": "https://" + "x" * 293})[1],
]  # fmt: skip


@pytest.mark.parametrize("body", NOT_LEADS)
def test_what_the_schema_refuses_the_service_refuses(url: str, body: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert not schema("lead").is_valid(json.loads(body))
    status, answer = post_lead(url, body)
    assert status == 400
    schema("refusal").validate(answer)


TAKEN: list[dict[str, str]] = [
    {"name": "x"},
    {"name": "é\n", "country": "DE"},
    {"name": "x" * 200, "country": "GB", "website": "https://" + "x" * 292},
    {"name": "x", "website": "http://winkel.example/?q=é"},
]


def test_what_the_schema_takes_the_service_takes(url: str) -> None:
    for number, company in enumerate(TAKEN, 5):
        _, body = lead(number, company=company)
        schema("lead").validate(json.loads(body))
        assert post_lead(url, body)[0] == 201


def test_what_the_crm_freezes_keeps_the_schema(url: str) -> None:
    now = real_clock()
    for number, company in enumerate(TAKEN, 20):
        body = frozen_body(
            lead_id=f"lead_{new_public_id()}",
            code_digest=f"{number:064x}",
            created_at=now,
            expires_at=now + CODE_LIFE,
            language="de",
            company={"country": "", "website": "", **company},
        )
        schema("lead").validate(json.loads(body))
        assert post_lead(url, body)[0] == 201


@pytest.mark.parametrize("change", ["unsigned", "stale", "other secret", "report id", "other body"])
def test_what_is_not_signed_by_us_and_now_is_refused(url: str, change: str) -> None:
    lead_id, body = lead(9)
    now = real_clock()
    headers = {
        "unsigned": {"webhook-id": lead_id},
        "stale": signed_headers([SECRET], lead_id, body, now=now - timedelta(minutes=6)),
        "other secret": signed_headers([new_secret()], lead_id, body, now=now),
        "report id": signed_headers([SECRET], "report_1", body, now=now),
        "other body": signed_headers([SECRET], lead_id, body + b" ", now=now),
    }[change]
    assert call(url, "POST", "/leads", body, **headers)[:2] == (401, b'{"error": "not_signed"}')


def test_a_lead_survives_a_power_cut(tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path, [SECRET])
    stand_in.__enter__()
    first = post_lead(stand_in.url, lead(2)[1])
    stand_in.kill()
    with stand_in:
        assert post_lead(stand_in.url, lead(2)[1]) == (200, first[1])


def wait_for(server: scripted.HttpServer, count: int) -> None:
    for _ in range(200):
        if len(server.asked) >= count:
            return
        time.sleep(0.05)
    raise AssertionError(f"{len(server.asked)} of {count} reports came")


def test_from_the_code_to_every_report_signed_and_repeated_until_heard(tmp_path: Path) -> None:
    answers = [scripted.status(503), scripted.reset, scripted.status(200)]
    with scripted.HttpServer(answers) as crm, StandIn(tmp_path, [SECRET], crm.url) as service:
        lead_id, body = lead(1)
        remote_id = post_lead(service.url, body)[1]["remote_id"]
        page = call(service.url, "GET", f"/sign-up?c={CODE.upper()}")[1].decode()
        assert "Winkel &amp; Zoon" in page
        assert crm.asked == []
        form = urlencode({"c": re.search(r'name=c value="([^"]+)"', page)[1]}).encode()  # type: ignore[index]  # it is there
        status, _, account = call(service.url, "POST", "/sign-up", form)
        assert (status, account) == (303, f"/account/{remote_id}")
        for step in ("first_image", "paid", "closed", "paid"):
            assert call(service.url, "POST", f"{account}/{step}")[0] == 303
        wait_for(crm, 6)
        assert {one.path for one in crm.asked} == {"/hooks/image-service"}
        for one in crm.asked:
            assert verify([SECRET], one.headers, one.body, real_clock(), prefix="report_")
            schema("report").validate(one.fields)
            assert (one.fields["lead_id"], one.fields["remote_id"]) == (lead_id, remote_id)
        reports = {one.headers["webhook-id"]: one.fields["type"] for one in crm.asked}
        assert sorted(reports.values()) == ["closed", "first_image", "paid", "signed_up"]


def test_a_used_unknown_or_expired_code_shows_one_page(tmp_path: Path) -> None:
    with StandIn(tmp_path, [SECRET]) as service:
        post_lead(service.url, lead(1)[1])
        post_lead(service.url, lead(2, expires_at="2020-01-01T00:00:00Z")[1])
        used = call(service.url, "POST", "/sign-up", urlencode({"c": CODE}).encode())
        assert used[0] == 303
        pages = {
            call(service.url, "GET", f"/sign-up?c={code}")[:2] for code in (CODE, f"{CODE}2", "x", "%00", "")
        }
        assert len(pages) == 1
        assert call(service.url, "POST", "/sign-up", urlencode({"c": CODE}).encode())[0] == 404


def test_looking_at_the_page_uses_nothing_up(tmp_path: Path) -> None:
    with StandIn(tmp_path, [SECRET]) as service:
        post_lead(service.url, lead(1)[1])
        pages = {call(service.url, "GET", f"/sign-up?c={CODE}")[1] for _ in range(3)}
        assert len(pages) == 1
        assert b"<button>Sign up</button>" in pages.pop()
