"""How many requests with a body one place may have open at once."""

import shutil
from collections.abc import Iterable

import pytest

from crm.services import Services
from crm.web.doorkeeper import MOST, Doorkeeper, Environ, StartResponse


class Inside:
    """An app that notes who comes in, and knocks again from there."""

    def __init__(self) -> None:
        self.deep = 0
        self.door: Doorkeeper | None = None
        self.again: list[Environ] = []

    def __call__(self, _environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        self.deep += 1
        if self.again:
            assert self.door is not None
            return self.door(self.again.pop(), start_response)
        start_response("200 OK", [])
        return [b"in"]


@pytest.fixture
def inside() -> Inside:
    return Inside()


@pytest.fixture
def door(services: Services, inside: Inside) -> Doorkeeper:
    inside.door = Doorkeeper(inside, services)
    return inside.door


def knock(door: Doorkeeper, environ: Environ) -> str:
    said: list[str] = []
    b"".join(door(environ, lambda status, _headers: said.append(status)))
    return said[-1]


def post(place: str = "192.0.2.1", **more: str) -> Environ:
    return {"REQUEST_METHOD": "POST", "REMOTE_ADDR": place, "CONTENT_LENGTH": "10", **more}


def test_one_place_has_so_many_and_no_more(door: Doorkeeper, inside: Inside) -> None:
    inside.again = [post() for _ in range(MOST)]
    assert knock(door, post()) == "429 Too Many Requests"
    assert inside.deep == MOST
    assert knock(door, post()) == "200 OK"  # they have left again


def test_another_place_is_let_in_beside_it(door: Doorkeeper, inside: Inside) -> None:
    inside.again = [post("2001:db8::1"), *(post() for _ in range(MOST - 1))]
    assert knock(door, post()) == "200 OK"


def test_a_body_without_a_length_counts(door: Doorkeeper, inside: Inside) -> None:
    chunked = {"REQUEST_METHOD": "POST", "REMOTE_ADDR": "192.0.2.1", "HTTP_TRANSFER_ENCODING": "chunked"}
    inside.again = [dict(chunked) for _ in range(MOST)]
    assert knock(door, dict(chunked)) == "429 Too Many Requests"


def test_what_has_no_body_is_never_counted(door: Doorkeeper, inside: Inside) -> None:
    inside.again = [{"REQUEST_METHOD": "GET", "REMOTE_ADDR": "192.0.2.1"} for _ in range(4 * MOST)]
    assert knock(door, {"REQUEST_METHOD": "GET", "REMOTE_ADDR": "192.0.2.1"}) == "200 OK"


def test_without_a_key_for_their_place_everybody_is_let_in_and_counted_as_one(
    door: Doorkeeper, inside: Inside, services: Services
) -> None:
    """A full disk: the first form of the day finds no key and can make none."""
    shutil.rmtree(services.settings.var / "ip-keys")
    assert knock(door, post()) == "200 OK"
    inside.again = [post(f"192.0.2.{number}") for number in range(MOST)]
    assert knock(door, post()) == "429 Too Many Requests"


def test_who_fails_leaves_too(door: Doorkeeper, inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_self: Inside, _environ: Environ, _start: StartResponse) -> Iterable[bytes]:
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(Inside, "__call__", fails)
        for _ in range(2 * MOST):
            with pytest.raises(ConnectionError):
                knock(door, post())
    assert knock(door, post()) == "200 OK"
