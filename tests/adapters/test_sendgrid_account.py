"""SendGrid's account when it misbehaves: nobody can tell, and nothing is taken for an answer."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm.adapters.sendgrid_account import SendGridAccount
from crm.delivery.account_ports import Listed, ListKind, NoAnswer
from crm.kernel.errors import InvalidSettingsError
from tests.conftest import NOW
from tests.servers import http
from tests.servers.http import Answer
from tests.servers.scripted import closed_port
from tests.servers.sendgrid import KEY, SendGrid

pytestmark = [pytest.mark.enable_socket]

Ask = Callable[[SendGridAccount], Any]


def asked_of(url: str, ask: Ask) -> Any:
    account = SendGridAccount(KEY, lambda: NOW, host=url)
    try:
        return ask(account)
    finally:
        account.close()


def lookup(account: SendGridAccount) -> object:
    return account.has("a" * 26, "ann@winkel.example", since=NOW)


def pages(account: SendGridAccount) -> list[Any]:
    return list(account.pages(ListKind.BOUNCES))


def page(account: SendGridAccount) -> object:
    return pages(account)[-1]


def groups(account: SendGridAccount) -> object:
    return list(account.pages(ListKind.GROUPS))[-1]


def add(account: SendGridAccount) -> object:
    return account.add(["ann@winkel.example"])


@pytest.mark.parametrize("ask", [lookup, page, groups, add])
@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (http.status(401), NoAnswer("not_allowed")),
        (http.status(403), NoAnswer("not_allowed")),
        (http.status(404), NoAnswer("answer_404", for_content=True)),
        (http.status(400), NoAnswer("answer_400", for_content=True)),
        (http.status(408), NoAnswer("answer_408")),
        (http.status(429, X_RateLimit_Reset=str(int(NOW.timestamp()) + 90)),
         NoAnswer("throttled", timedelta(seconds=90))),
        (http.status(429), NoAnswer("throttled")),
        (http.status(503, Retry_After="30"), NoAnswer("answer_503", timedelta(seconds=30))),
        (http.status(302, Location="https://elsewhere.example"), NoAnswer("answer_302")),
        (http.status(200, b"<html>"), NoAnswer("unreadable_answer")),
        (http.status(200, b'[{"email":'), NoAnswer("unreadable_answer")),
        (http.reset, NoAnswer("connection_lost")),
        (http.raw(b"garbage\r\n\r\n"), NoAnswer("unreadable_answer")),
    ],
)  # fmt: skip
def test_trouble_is_no_answer(ask: Ask, fault: Answer, answer: NoAnswer) -> None:
    with SendGrid(faults={"/v3/": fault}) as server:
        assert asked_of(server.url, ask) == answer


@pytest.mark.parametrize("ask", [lookup, page, groups])
@pytest.mark.parametrize("body", [b"7", b"{}", b'"x"', b'{"messages": 7}'])
def test_an_answer_of_another_shape_is_none(ask: Ask, body: bytes) -> None:
    with SendGrid(faults={"/v3/": http.status(200, body)}) as server:
        assert asked_of(server.url, ask) == NoAnswer("unreadable_answer")


@pytest.mark.parametrize("ask", [lookup, page, groups, add])
def test_nobody_there_is_no_answer(ask: Ask) -> None:
    assert asked_of(f"http://127.0.0.1:{closed_port()}", ask) == NoAnswer("unreachable")


def test_trouble_on_the_second_page_ends_the_list() -> None:
    people = [{"email": f"p{number}@winkel.example"} for number in range(700)]
    with SendGrid(lists={"bounces": people}, faults={"offset=500": http.status(500)}) as server:
        found = asked_of(server.url, pages)
    assert (len(found), len(found[0]), found[1]) == (2, 500, NoAnswer("answer_500"))


def test_a_group_that_is_gone_meanwhile_keeps_no_other_from_being_read() -> None:
    gone = {"/groups/7/": http.status(404)}
    with SendGrid(groups={7: [], 8: ["ann@winkel.example"]}, faults=gone) as server:
        found = asked_of(server.url, lambda account: list(account.pages(ListKind.GROUPS)))
    assert found == [NoAnswer("answer_404", for_content=True), [Listed("ann@winkel.example")]]


@pytest.mark.parametrize("odd", ["o'neil@winkel.example", 'a"b@winkel.example', "a\\b@winkel.example"])
def test_an_address_that_would_break_the_query_is_not_asked_for(odd: str) -> None:
    with SendGrid() as server:
        assert asked_of(server.url, lambda account: account.has("a" * 26, odd, since=NOW)) is False
        assert server.asked == []


def test_the_question_names_recipient_and_time_in_its_body_only() -> None:
    with SendGrid() as server:
        asked_of(server.url, lookup)
        [asked] = server.asked
    assert asked.path == "/v3/logs"
    assert asked.fields == {
        "query": "to_email = 'ann@winkel.example' AND sg_message_id_created_at"
        ' > TIMESTAMP "2026-03-02T08:00:00Z"',
        "limit": 50,
    }


def test_an_entry_says_since_when_and_why() -> None:
    entry = {"email": "ann@winkel.example", "created": 1772442000, "status": "5.1.1", "reason": "550 no"}
    odd: list[Any] = [entry, {"email": 7}, None, {"created": 1}, {"email": "b@x.example", "created": "x"}]
    with SendGrid(lists={"bounces": odd}) as server:
        [found] = asked_of(server.url, pages)
    assert (found[0].since, found[0].status) == (datetime(2026, 3, 2, 9, 0, tzinfo=UTC), "5.1.1")
    assert [one.address for one in found] == ["ann@winkel.example", "b@x.example"]


def test_a_key_that_is_none_is_refused_at_the_start() -> None:
    with pytest.raises(InvalidSettingsError):
        SendGridAccount("SG. key", lambda: NOW)
