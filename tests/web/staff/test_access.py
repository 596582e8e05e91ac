"""Who may call what: every route, every role, and nobody who is not logged in (I32, I34)."""

import re

import pytest
from flask import Flask
from werkzeug.routing import Rule

from crm.services import Services
from crm.staff.models import Role
from crm.staff.roles import Act, may
from crm.web import guard
from crm.web.access import Open, access_of
from tests.outreach import Outreach
from tests.web.staff.conftest import BASE, Browser, browser_of


def _path(rule: Rule) -> str:
    """A path that fits the route; ids are of nobody."""
    path = re.sub(r"<int:[^>]+>", "4711", rule.rule)
    path = re.sub(r"<any\(([a-z]+)[^>]*>", r"\1", path)
    return re.sub(r"<[^>]+>", "unknown", path)


def _staff_routes(app: Flask) -> list[tuple[str, str, Act]]:
    found = []
    for rule in app.url_map.iter_rules():
        access = access_of(app.view_functions[rule.endpoint])
        if isinstance(access, Act):
            methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            found += [(method, _path(rule), access) for method in sorted(methods)]
    return found


def test_there_are_staff_routes_to_check(app: Flask) -> None:
    assert len(_staff_routes(app)) > 40


@pytest.mark.parametrize(
    ("act", "roles"),
    [
        (Act.SEE, set(Role)),
        (Act.REFUSE, set(Role)),
        (Act.NOTE, {Role.SALES, Role.MANAGER, Role.ADMIN}),
        (Act.EDIT, {Role.SALES, Role.MANAGER, Role.ADMIN}),
        (Act.IMPORT, {Role.SALES, Role.MANAGER, Role.ADMIN}),
        (Act.ENROL, {Role.SALES, Role.MANAGER, Role.ADMIN}),
        (Act.PUBLISH, {Role.MANAGER, Role.ADMIN}),
        (Act.RESOLVE, {Role.MANAGER, Role.ADMIN}),
        (Act.PAUSE, {Role.MANAGER, Role.PRIVACY, Role.ADMIN}),
        (Act.ERASE, {Role.PRIVACY, Role.ADMIN}),
        (Act.EXPORT, {Role.PRIVACY, Role.ADMIN}),
        (Act.SETTINGS, {Role.ADMIN}),
        (Act.STAFF, {Role.ADMIN}),
    ],
)
def test_who_decides_what_is_the_same_as_yesterday(act: Act, roles: set[Role]) -> None:
    """Written down a second time: the table itself is the measure of the test of the routes."""
    assert {role for role in Role if may(role, act)} == roles


@pytest.mark.parametrize("role", list(Role))
def test_every_route_answers_as_the_table_of_roles_says(app: Flask, services: Services, role: Role) -> None:
    browser, wrong = browser_of(app, services, role), []
    for method, path, act in _staff_routes(app):
        if path == "/logout":
            continue
        reply = browser.get(path) if method == "GET" else browser.post(path)
        turned_away = reply.status_code in {401, 403}
        if turned_away == may(role, act):
            wrong.append((method, path, reply.status_code))
    # Turning the ground of legitimate interest asks for more than its route: that is the view's own check.
    assert [one for one in wrong if "/switch/" not in one[1]] == []


def test_no_route_breaks_on_an_id_of_nobody(app: Flask, admin: Browser) -> None:
    broken = [
        (method, path)
        for method, path, _act in _staff_routes(app)
        if (admin.get(path) if method == "GET" else admin.post(path)).status_code >= 500
    ]
    assert broken == []


def test_who_is_not_logged_in_sees_no_staff_page(app: Flask) -> None:
    client, seen = app.test_client(), []
    for method, path, _act in _staff_routes(app):
        reply = client.open(path, method=method, base_url=BASE)
        if reply.status_code not in {303, 401}:
            seen.append((method, path, reply.status_code))
    assert seen == []


@pytest.mark.parametrize("token", ["wrong", ""])
def test_a_form_without_its_token_changes_nothing(app: Flask, admin: Browser, token: str) -> None:
    passed = [
        path
        for method, path, _act in _staff_routes(app)
        if method == "POST" and admin.post(path, token=token).status_code != 403
    ]
    assert passed == []


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}]
)
def test_a_form_from_another_site_changes_nothing(admin: Browser, headers: dict[str, str]) -> None:
    data = {"csrf_token": admin.token, "act": "assign"}
    reply = admin.client.post("/prospects/bulk", base_url=BASE, data=data, headers=headers)
    assert reply.status_code == 403


def test_the_same_form_from_our_own_page_is_taken(admin: Browser) -> None:
    assert admin.post("/prospects/bulk", {"act": "assign"}).status_code == 303


def test_a_page_that_does_not_say_who_may_call_it_keeps_the_program_from_starting(app: Flask) -> None:
    fresh = Flask("crm")
    fresh.add_url_rule("/forgotten", "forgotten", lambda: "open to everybody")
    with pytest.raises(RuntimeError, match="forgotten"):
        guard.check_routes(fresh)


def test_public_routes_are_a_known_few(app: Flask) -> None:
    open_to_all = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static" and access_of(app.view_functions[rule.endpoint]) is not None
        if isinstance(access_of(app.view_functions[rule.endpoint]), Open)
    }
    assert open_to_all == {
        "/login", "/claim/<code>", "/demo/enter/<int:staff_id>", "/healthz", "/u/<path:token>", "/objection",
        "/about/<path:token>", "/start/<code>", "/hooks/image-service", "/hooks/inbound",
        "/hooks/inbound/<secret>", "/hooks/sendgrid",
    }  # fmt: skip


def test_every_answer_carries_the_security_headers(admin: Browser) -> None:
    for path in ("/", "/prospects", "/nowhere", "/login", "/u/forged", "/healthz", "/static/css/base.css"):
        reply = admin.get(path)
        reply.close()
        headers = reply.headers
        assert "default-src 'none'" in headers["Content-Security-Policy"], path
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["Referrer-Policy"] == "no-referrer", path
        assert headers["Strict-Transport-Security"].startswith("max-age=31536000"), path


def test_staff_pages_open_with_data_in_them(admin: Browser, outreach: Outreach) -> None:
    person = outreach.person("anna@winkel.example")
    sequence = outreach.sequence()
    outreach.enrol([person], sequence)
    pages = [
        "/",
        "/prospects",
        f"/prospects/{person}",
        f"/prospects/{person}/why",
        f"/prospects/{person}/edit",
    ]
    pages += [f"/prospects/{person}/{one}" for one in ("write", "refuse", "convert", "erase", "export")]
    pages += ["/prospects/new", "/sequences", f"/sequences/{sequence}", f"/sequences/{sequence}/edit"]
    pages += [f"/sequences/{sequence}/{one}" for one in ("versions/1", "move", "archive")]
    pages += ["/sequences/new", "/leads", "/mailbox", "/uncertain", "/imports", "/team", "/settings"]
    pages += [
        "/prospects?q=winkel&status=new&country=NL&view=mine",
        "/jump?q=anna",
        "/prospects?after=nonsense",
    ]
    answers = {page: admin.get(page).status_code for page in pages}
    assert set(answers.values()) == {200}, answers


@pytest.mark.parametrize(
    ("path", "place"),
    [("/prospects/{}", "Prospects"), ("/prospects/{}/write", "Prospects"), ("/sequences/new", "Sequences")],
)
def test_the_side_bar_marks_the_place_a_page_belongs_to(
    admin: Browser, outreach: Outreach, path: str, place: str
) -> None:
    page = admin.get(path.format(outreach.person())).text
    marked = re.findall(r'<a [^>]*aria-current="page"[^>]*>(.*?)</a>', page, re.DOTALL)
    assert any(place in one for one in marked)
