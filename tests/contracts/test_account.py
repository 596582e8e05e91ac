"""What a provider's account promises: the truth about its messages and lists, or that nobody can tell."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from crm.adapters.sendgrid_account import SendGridAccount
from crm.delivery.account_ports import Listed, ListKind, NoAnswer, ProviderAccount
from tests.conftest import NOW
from tests.fakes import MemoryAccount
from tests.servers.sendgrid import KEY, SendGrid

pytestmark = [pytest.mark.enable_socket]

HERS, OTHER = "a" * 26, "b" * 26
ANN = "ann@winkel.example"
ODD = "odd@winkel.example"
PEOPLE = [f"p{number}@winkel.example" for number in range(1_203)]


@dataclass
class World:
    account: ProviderAccount

    def listed(self, kind: ListKind) -> list[str]:
        found: list[str] = []
        for page in self.account.pages(kind):
            assert not isinstance(page, NoAnswer)
            found += [one.address for one in page]
        return found


def memory() -> Iterator[World]:
    lists = {ListKind.BOUNCES: [Listed(one) for one in PEOPLE], ListKind.GROUPS: [Listed(ANN)]}
    yield World(MemoryAccount({(HERS, ANN)}, lists, odd={ODD}))


def sendgrid() -> Iterator[World]:
    arguments = {"to": [{"email": ANN}], "custom_args": {"crm_message_id": HERS}}
    with SendGrid(
        lists={"bounces": [{"email": one, "created": 1, "status": "5.1.1"} for one in PEOPLE]},
        groups={7: [ANN], 8: []},
        mails=[{"personalizations": [arguments]}],
        odd={ODD},
    ) as server:
        account = SendGridAccount(KEY, lambda: NOW, host=server.url)
        yield World(account)
        account.close()


@pytest.fixture(params=[memory, sendgrid], ids=lambda make: make.__name__)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    yield from request.param()


def test_a_message_it_has_is_known_by_our_own_id(world: World) -> None:
    assert world.account.has(HERS, ANN, since=NOW - timedelta(hours=1)) is True


@pytest.mark.parametrize(("name", "to"), [(OTHER, ANN), (HERS, "bob@winkel.example")])
def test_another_message_is_not_taken_for_it(world: World, name: str, to: str) -> None:
    assert world.account.has(name, to, since=NOW) is False


def test_a_long_list_is_read_to_its_end(world: World) -> None:
    assert world.listed(ListKind.BOUNCES) == PEOPLE


@pytest.mark.parametrize("kind", [ListKind.BLOCKS, ListKind.SPAM_REPORTS])
def test_an_empty_list_is_one(world: World, kind: ListKind) -> None:
    assert world.listed(kind) == []


def test_groups_are_one_list(world: World) -> None:
    assert world.listed(ListKind.GROUPS) == [ANN]


def test_adding_twice_is_adding_once(world: World) -> None:
    for _ in range(2):
        assert world.account.add([ANN, "bob@winkel.example"]) is None
    assert world.listed(ListKind.UNSUBSCRIBES) == [ANN, "bob@winkel.example"]


def test_a_request_that_is_refused_for_an_address_says_so_and_adds_nobody(world: World) -> None:
    assert world.account.add([ANN, ODD]) == NoAnswer("answer_400", for_content=True)
    assert world.listed(ListKind.UNSUBSCRIBES) == []
