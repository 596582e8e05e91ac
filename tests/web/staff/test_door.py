"""The door: claim, log in, log out, and what an intruder finds (I33, I35)."""

import time
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from crm.audit.models import AuditEntry
from crm.kernel.db import Database
from crm.operations import heartbeat
from crm.services import Services
from crm.staff import accounts, passwords, sessions
from crm.staff.models import Role, Staff, StaffSession
from crm.web.guard import safe_next
from tests.conftest import FakeClock
from tests.web.staff.conftest import BASE, HASH, PASSWORD, Browser, account


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def _log_in(client: FlaskClient, *, password: str = PASSWORD) -> int:
    data = {"email": "sales@produfoto.example", "password": password}
    return client.post("/login", base_url=BASE, data=data).status_code


def test_the_right_password_lets_in(client: FlaskClient, services: Services) -> None:
    account(services, Role.SALES)
    assert _log_in(client) == 303
    assert client.get("/", base_url=BASE).status_code == 200


def test_the_cookie_is_bound_to_this_host_and_out_of_reach_of_scripts(
    client: FlaskClient, services: Services
) -> None:
    account(services, Role.SALES)
    data = {"email": "sales@produfoto.example", "password": PASSWORD}
    cookie = client.post("/login", base_url=BASE, data=data).headers["Set-Cookie"]
    assert cookie.startswith("__Host-sid=")
    assert all(part in cookie for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))


def test_the_database_does_not_hold_what_is_in_the_cookie(client: FlaskClient, services: Services) -> None:
    account(services, Role.SALES)
    _log_in(client)
    cookie = client.get_cookie("__Host-sid", domain="outreach.produfoto.example")
    assert cookie is not None
    with services.database.reading() as session:
        assert cookie.value not in session.scalars(select(StaffSession.digest)).all()


@pytest.mark.parametrize(
    ("email", "password"), [("sales@produfoto.example", "wrong"), ("nobody@produfoto.example", PASSWORD)]
)
def test_a_wrong_password_and_an_unknown_account_look_the_same(
    client: FlaskClient, services: Services, email: str, password: str
) -> None:
    account(services, Role.SALES)
    reply = client.post("/login", base_url=BASE, data={"email": email, "password": password})
    assert (reply.status_code, "do not belong together" in reply.text) == (422, True)
    assert "Set-Cookie" not in reply.headers


def test_an_unknown_account_costs_as_much_as_a_wrong_password() -> None:
    def cost(kept: str | None) -> float:
        """Of this process alone: how busy the machine is does not count."""
        tries = []
        for _ in range(5):
            begun = time.process_time()
            passwords.matches("wrong guess 1", kept)
            tries.append(time.process_time() - begun)
        return min(tries)

    assert cost(None) > cost(HASH) / 3


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}]
)
def test_no_other_site_logs_somebody_in(
    client: FlaskClient, services: Services, headers: dict[str, str]
) -> None:
    account(services, Role.SALES)
    data = {"email": "sales@produfoto.example", "password": PASSWORD}
    reply = client.post("/login", base_url=BASE, data=data, headers=headers)
    assert (reply.status_code, "Set-Cookie" in reply.headers) == (403, False)


def test_a_password_is_kept_as_an_argon2id_hash_of_the_least_cost_or_more() -> None:
    _, kind, _, cost, *_ = passwords.hashed(PASSWORD).split("$")
    memory, rounds, _ = (int(part.partition("=")[2]) for part in cost.split(","))
    assert kind == "argon2id"
    assert (memory >= 19 * 1024, rounds >= 2) == (True, True)


def test_a_shut_account_looks_like_none(client: FlaskClient, services: Services) -> None:
    account(services, Role.SALES)
    with services.database.transaction() as session:
        session.execute(update(Staff).values(disabled_at=services.clocks.real()))
    assert _log_in(client) == 422


def test_the_eleventh_guess_in_a_quarter_is_turned_away(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    account(services, Role.SALES)
    answers = [_log_in(client, password="wrong guess 1") for _ in range(11)]
    assert answers[:10] == [422] * 10
    assert answers[10] == 429


def test_the_fifty_first_guess_from_one_network_is_turned_away_whatever_the_account(
    client: FlaskClient, services: Services
) -> None:
    account(services, Role.SALES)
    answers = [
        client.post(
            "/login",
            base_url=BASE,
            data={"email": f"nobody{number}@produfoto.example", "password": "x" * 12},
            headers={"X-Forwarded-For": f"198.51.100.{number}"},
        ).status_code
        for number in range(51)
    ]
    assert answers == [422] * 50 + [429]
    assert _log_in(client) == 429


def test_logging_out_ends_the_session_on_the_server(admin: Browser) -> None:
    value = admin.client.get_cookie("__Host-sid", domain="outreach.produfoto.example")
    admin.post("/logout")
    assert value is not None
    admin.client.set_cookie("__Host-sid", value.value, domain="outreach.produfoto.example")
    assert admin.get("/").status_code == 303


def test_another_role_ends_every_session_at_once(admin: Browser, sales: Browser) -> None:
    assert sales.get("/").status_code == 200
    admin.post(f"/team/{sales.staff_id}/role", {"role": "manager"})
    assert sales.get("/").status_code == 303


def test_nobody_changes_their_own_role(admin: Browser) -> None:
    reply = admin.post(f"/team/{admin.staff_id}/role", {"role": "sales"})
    assert reply.status_code == 409
    assert admin.get("/team").status_code == 200


@pytest.mark.parametrize("days", [1, 8])
def test_a_session_ends_by_itself(sales: Browser, clock: FakeClock, days: int) -> None:
    clock.now = clock.now.replace(day=2 + days)
    assert sales.get("/").status_code == 303


def test_a_session_in_daily_use_ends_after_a_week(sales: Browser, clock: FakeClock) -> None:
    began = clock.now
    while clock.now - began <= timedelta(days=7):
        assert sales.get("/").status_code == 200
        clock.advance(timedelta(hours=6))
    assert sales.get("/").status_code == 303


def _invitation(services: Services) -> str:
    with services.database.transaction() as session:
        return accounts.invite(session, Role.ADMIN, by=None, at=services.clocks.real())


def _claim(client: FlaskClient, code: str, **more: str) -> int:
    data = {"name": "Zoë van Dijk", "email": "Zoe@produfoto.example", "password": PASSWORD, **more}
    return client.post(f"/claim/{code}", base_url=BASE, data=data).status_code


def test_a_link_makes_one_account(client: FlaskClient, services: Services) -> None:
    code = _invitation(services)
    assert client.get(f"/claim/{code}", base_url=BASE).status_code == 200
    assert [_claim(client, code), _claim(client, code, email="other@produfoto.example")] == [303, 404]
    with services.database.reading() as session:
        assert session.scalars(select(Staff.name)).all() == ["Zoë van Dijk"]


@pytest.mark.parametrize("password", ["short", "123456789012", "aaaaaaaaaaaaaaaa", "wachtwoord123"])
def test_a_guessable_password_is_not_taken(client: FlaskClient, services: Services, password: str) -> None:
    assert _claim(client, _invitation(services), password=password) == 422


def test_who_came_in_is_on_record_without_a_name(client: FlaskClient, services: Services) -> None:
    account(services, Role.SALES)
    _log_in(client)
    with services.database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "staff.logged_in")).one()
    assert "Sanne" not in str(entry.detail) + entry.object


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "\t//evil.example",
        "",
    ],
)
def test_the_log_in_leads_to_our_own_pages_only(target: str) -> None:
    assert safe_next(target) == "/"


def test_the_log_in_leads_back_to_where_somebody_was_going() -> None:
    assert safe_next("/prospects?q=anna") == "/prospects?q=anna"


def test_the_demo_door_is_shut_outside_the_demo(client: FlaskClient, services: Services) -> None:
    staff_id = account(services, Role.ADMIN)
    assert client.post(f"/demo/enter/{staff_id}", base_url=BASE).status_code == 404


def test_health_is_red_until_the_scheduler_ticks_and_after_a_minute_without(
    client: FlaskClient, services: Services, clock: FakeClock, database: Database
) -> None:
    assert client.get("/healthz").status_code == 503
    with database.transaction() as session:
        heartbeat.beat(session, heartbeat.SCHEDULER, at=clock.now)
    assert client.get("/healthz").status_code == 200
    clock.advance(timedelta(seconds=61))
    assert client.get("/healthz").status_code == 503


def test_a_session_of_a_disabled_colleague_is_over(admin: Browser, sales: Browser) -> None:
    admin.post(f"/team/{sales.staff_id}/disable")
    assert sales.get("/").status_code == 303


def test_the_token_of_one_session_is_none_of_another(admin: Browser, sales: Browser) -> None:
    assert sales.post("/prospects/bulk", {"act": "assign"}, token=admin.token).status_code == 403
    assert sessions.csrf_token("a") != sessions.csrf_token("b")
