"""What no browser of ours sends: every answer is a clear no, none is a breakdown."""

import re

import pytest
from flask import Flask, render_template
from sqlalchemy import select

from crm.prospects.models import Prospect
from crm.services import Services
from crm.web.access import Open, access_of
from crm.web.guard import safe_next
from tests.outreach import Outreach
from tests.web.staff.conftest import BASE, Browser

pytestmark = pytest.mark.both_databases

NUMBERS = ("2147483648", "9" * 5_000, "-1")
TEXTS = ("a\0b", "'\"%_\\ \u2028 =1+1", "x" * 20_000)


def _paths(app: Flask, number: str) -> list[tuple[str, str]]:
    found = []
    for rule in app.url_map.iter_rules():
        if "int:" not in rule.rule or isinstance(access_of(app.view_functions[rule.endpoint]), Open):
            continue
        path = re.sub(r"<int:\w+>", number, rule.rule)
        path = re.sub(r"<any\((\w+).*?>", r"\1", path)
        path = re.sub(r"<\w+>", "nothing", path)
        found += [(method, path) for method in sorted((rule.methods or set()) & {"GET", "POST"})]
    return found


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number[:20])
def test_a_number_that_no_row_has_is_nobodys(app: Flask, admin: Browser, number: str) -> None:
    answers = {
        (method, path[:60]): admin.client.open(
            path, method=method, base_url=BASE, data={"csrf_token": admin.token} if method == "POST" else None
        ).status_code
        for method, path in _paths(app, number)
    }
    assert {path: code for path, code in answers.items() if code >= 500} == {}


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: ascii(text)[:16])
def test_a_text_that_no_column_takes_breaks_no_page(admin: Browser, outreach: Outreach, text: str) -> None:
    person = outreach.person("anna@winkel.example")
    asked = [
        ("/prospects", ("q", "status", "country", "view", "after", "before")),
        ("/jump", ("q",)),
        ("/mailbox", ("to", "before")),
        (f"/prospects/{person}", ("show", "did")),
        (f"/prospects/{person}/write", ("to",)),
        ("/login", ("next",)),
        ("/settings", ("did",)),
    ]
    codes = {
        (path, name): admin.client.get(path, base_url=BASE, query_string={name: text}).status_code
        for path, names in asked
        for name in names
    }
    assert {place: code for place, code in codes.items() if code >= 500} == {}


FORMS = {
    "/prospects/{person}/notes": ("kind", "body", "follow_up", "once"),
    "/prospects/{person}/status": ("status",),
    "/prospects/{person}/edit": (
        "address",
        "name",
        "company",
        "website",
        "time_zone",
        "relevance",
        "version",
    ),
    "/prospects/{person}/write": ("subject", "body", "answers", "once"),
    "/prospects/{person}/enrol": ("sequence_id",),
    "/prospects/bulk": ("id", "act", "sequence_id"),
    "/prospects/new": ("address", "company", "website", "source_url", "obtained_on", "basis_url"),
    "/sequences/draft": (
        "sequence_id",
        "seen",
        "name",
        "language",
        "mailbox_id",
        "kind",
        "delay",
        "lineage",
        "texts",
        "subject",
        "body",
        "act",
    ),
    "/sequences/1/publish": ("revision", "version_id", "up_to", "who"),
    "/sequences/1/move": ("up_to",),
    "/sequences/1/discard": ("seen",),
    "/sequences/1/archive": ("people",),
    "/settings/switch/paused": ("on", "reason"),
    "/settings/assessments": ("title", "scope", "text", "review_on"),
    "/settings/countries": ("country", "column", "code", "reason"),
    "/settings/mailboxes/1": ("daily_cap", "display_name", "sender_name"),
    "/team/invite": ("role",),
    "/imports": ("file",),
}
FILLED = {
    "kind": "note", "body": "Hello", "once": "", "version": "1", "company_version": "1",
    "address": "b@winkel.example", "company": "Winkel", "legal_form": "unknown", "country": "NL",
    "language": "nl", "source_kind": "fair", "source_words": "Fair", "obtained_on": "2026-02-01",
    "title": "A", "scope": "NL", "text": "B", "review_on": "2027-01-01", "reason": "because",
    "column": "generic_info", "code": "o", "daily_cap": "20", "display_name": "Us", "subject": "Hi",
    "name": "Series", "delay": "0",
}  # fmt: skip


@pytest.mark.parametrize("text", [*TEXTS, "9" * 5_000, "é"], ids=lambda text: ascii(text)[:16])
def test_a_form_with_anything_in_a_field_is_taken_or_told_why_not(
    admin: Browser, outreach: Outreach, text: str
) -> None:
    person = outreach.person("anna@winkel.example")
    codes = {
        (path, name): admin.post(path.format(person=person), {**FILLED, name: text}).status_code
        for path, names in FORMS.items()
        for name in (*names, "csrf_token")
    }
    assert {place: code for place, code in codes.items() if code >= 500} == {}


@pytest.mark.parametrize("address", ["http://[", "http://[::1", "javascript:alert(1)", "https://a b.example"])
@pytest.mark.parametrize("field", ["website", "source_url", "basis_url"])
def test_what_is_no_web_page_is_asked_again(
    admin: Browser, services: Services, address: str, field: str
) -> None:
    reply = admin.post("/prospects/new", {**FILLED, field: address})
    assert reply.status_code == 422
    with services.database.reading() as session:
        assert session.scalars(select(Prospect)).all() == []


@pytest.mark.parametrize(
    "origin", ["http://[", "://", "null ", "https://outreach.produfoto.example.evil.example"]
)
def test_a_form_from_nowhere_readable_is_refused(admin: Browser, origin: str) -> None:
    data = {"csrf_token": admin.token, "act": "assign"}
    reply = admin.client.post("/prospects/bulk", base_url=BASE, data=data, headers={"Origin": origin})
    assert reply.status_code == 403


@pytest.mark.parametrize(
    "target", ["/\t/[", "/\t/evil.example", "/ok\r\nX: y", "/\\evil.example", "//[", "/\0"]
)
def test_a_way_back_that_cannot_be_read_leads_home(target: str) -> None:
    assert safe_next(target) == "/"


@pytest.mark.parametrize("host", ["[", "a b", "x" * 5_000, "ex\u00e4mple", ""])
def test_a_host_that_is_none_breaks_nothing(app: Flask, host: str) -> None:
    for path in ("/login", "/objection", "/u/forged", "/"):
        assert app.test_client().get(path, headers={"Host": host}).status_code < 500


def test_a_button_s_address_typed_by_hand_is_no_fault_of_ours(admin: Browser) -> None:
    answer = admin.client.get("/team/invite", base_url=BASE)
    assert answer.status_code == 405
    assert "Go back and press that" in answer.text


def test_no_answer_below_500_says_that_we_broke(app: Flask) -> None:
    with app.test_request_context():
        pages = {code: render_template("errors/staff.html", code=code) for code in range(400, 501)}
    assert [code for code, page in pages.items() if "broke on our side" in page] == [500]
