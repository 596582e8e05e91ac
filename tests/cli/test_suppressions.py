"""The provider's lists, from the command line."""

import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from crm.delivery.account_ports import Listed, ListKind, NoAnswer
from crm.services import Services
from tests.cli.test_commands import Terminal
from tests.fakes import MemoryAccount
from tests.outreach import Outreach

ANN = "ann@winkel.example"


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The command line sets logging up for its process; this one belongs to the tests."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers = handlers
    root.setLevel(level)


@pytest.fixture
def account() -> MemoryAccount:
    return MemoryAccount(lists={ListKind.SPAM_REPORTS: [Listed("eve@nobody.example"), Listed("?")]})


@pytest.fixture
def crm(services: Services, account: MemoryAccount, capsys: pytest.CaptureFixture[str]) -> Terminal:
    outreach = Outreach(services)
    outreach.person(ANN)
    outreach.refuse(ANN)
    return Terminal(replace(services, account=account), capsys)


def test_both_sides_learn_and_it_says_how_much(crm: Terminal, account: MemoryAccount) -> None:
    assert crm("suppressions") == 0
    assert "2  spam reports" in crm.out
    assert "1  of them were written down here" in crm.out
    assert "1  of ours were told to SendGrid" in crm.out
    assert "1  entries are no address" in crm.out
    assert account.added == [ANN]


def test_a_preview_names_the_differences_and_changes_nothing(crm: Terminal, account: MemoryAccount) -> None:
    assert crm("suppressions", "--preview", "--list") == 0
    assert "eve@nobody.example  spam reports at SendGrid" in crm.out
    assert f"{ANN}  refused here" in crm.out
    assert account.added == []
    assert crm("suppressions", "--preview") == 0
    assert "1  of them would be written down here" in crm.out


def test_what_could_not_be_asked_is_said_in_words(crm: Terminal, account: MemoryAccount) -> None:
    account.no_answer = NoAnswer("not_allowed")
    assert crm("suppressions") == 1
    assert "unsubscribes: the key may not read or change it" in crm.err


def test_who_is_not_taken_is_named_and_not_counted(crm: Terminal, account: MemoryAccount) -> None:
    account.odd.add(ANN)
    assert crm("suppressions") == 1
    assert "prospect 1: SendGrid does not take the address (answer_400)" in crm.err
    assert "0  of ours were told" in crm.out


def test_without_sendgrid_there_are_no_lists(services: Services, capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal(services, capsys)
    assert terminal("suppressions") == 2
    assert "CRM_MAILER is not sendgrid" in terminal.err
