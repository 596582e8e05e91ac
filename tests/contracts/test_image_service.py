"""What an image service promises: one lead an id, the same answer for the same body (I25)."""

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crm.adapters.image_service import HttpImageService
from crm.handoff.ports import Acknowledged, Conflict, ImageService
from crm.kernel.clock import real_clock
from crm.kernel.webhooks import new_secret
from tests.fakes import MemoryImageService
from tests.leads import lead
from tests.servers.stand_in import StandIn

pytestmark = [pytest.mark.enable_socket]

Make = Callable[[Path], Iterator[ImageService]]


def memory(folder: Path) -> Iterator[ImageService]:
    yield MemoryImageService()


def over_http(folder: Path) -> Iterator[ImageService]:
    secret = new_secret()
    with StandIn(folder, [secret]) as stand_in:
        service = HttpImageService(stand_in.url, [secret], real_clock)
        yield service
        service.close()


@pytest.fixture(scope="module", params=[memory, over_http], ids=lambda make: make.__name__)
def _service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ImageService]:
    yield from request.param(tmp_path_factory.mktemp("stand-in"))


@pytest.fixture
def service(_service: ImageService) -> ImageService:
    return _service


_numbers = itertools.count(2)


@pytest.fixture
def number() -> int:
    """A lead that no other test has handed over."""
    return next(_numbers)


def test_a_lead_is_acknowledged_with_a_name(service: ImageService, number: int) -> None:
    answer = service.hand_over(*lead(number))
    assert isinstance(answer, Acknowledged)
    assert 0 < len(answer.remote_id) <= 64


def test_the_same_lead_again_has_the_same_answer(service: ImageService, number: int) -> None:
    answers = {service.hand_over(*lead(number)) for _ in range(5)}
    assert len(answers) == 1


def test_many_at_once_make_one_lead(service: ImageService, number: int) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = set(threads.map(lambda _: service.hand_over(*lead(number)), range(16)))
    assert len(answers) == 1
    assert isinstance(answers.pop(), Acknowledged)


def test_the_same_id_with_another_body_is_a_conflict(service: ImageService, number: int) -> None:
    first = service.hand_over(*lead(number))
    assert service.hand_over(*lead(number, language="de")) == Conflict("other_body")
    assert service.hand_over(*lead(number)) == first


def test_two_leads_have_two_names(service: ImageService) -> None:
    answers = [service.hand_over(*lead(next(_numbers))) for _ in range(2)]
    assert len(set(answers)) == 2
