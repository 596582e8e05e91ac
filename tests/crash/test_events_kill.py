"""A post of events, and a web process killed on its way: answered means kept, nothing counts twice (I23)."""

import signal
from dataclasses import dataclass
from datetime import timedelta

import pytest

from crm.adapters.sendgrid_hook import SIGNATURE, STAMP
from crm.delivery.event_models import EventState
from crm.delivery.models import MessageState as State
from crm.services import Services
from tests.conftest import NOW, FakeClock
from tests.crash.forks import Forks
from tests.deep import size
from tests.servers.events import Signer, body_of, event
from tests.workflows.reports.reported import Case, handed_over

pytestmark = [pytest.mark.both_databases, pytest.mark.timeout(120)]


@dataclass
class Posting:
    """Posts one body from a process of its own."""

    forks: Forks
    case: Case
    signer: Signer
    body: bytes

    def post(self, *, fault: str = "", later: int = 0) -> str:
        """The status it answered, or empty: it died."""
        headers = self.signer.headers(self.body, NOW + timedelta(seconds=later))
        settings = self.case.services.settings
        told = {
            "CRM_VAR": str(settings.var), "CRM_DATABASE_URL": settings.database_url,
            "POST_KEY": self.signer.public, "POST_SIGNATURE": headers[SIGNATURE],
            "POST_STAMP": headers[STAMP],
        }  # fmt: skip
        ended = self.forks.run("tests.crash.post_events", env=told, fault=fault, given=self.body)
        assert ended.status == (-signal.SIGKILL if fault else 0), f"{fault}: {ended.err[-2000:]}"
        return ended.out.strip()


@pytest.fixture
def posting(forks: Forks, services: Services, clock: FakeClock) -> Posting:
    case = handed_over(services, clock)
    return Posting(forks, case, Signer(), body_of([event("spamreport", case.name, at=NOW)]))


@pytest.mark.parametrize("turn", range(size(1, 5)))
@pytest.mark.parametrize(
    ("point", "kept", "state"),
    [
        ("events.before_commit", [], State.UNCERTAIN),
        ("events.after_commit", [EventState.RECEIVED], State.UNCERTAIN),
        ("events.mid_batch", [EventState.RECEIVED], State.UNCERTAIN),
        ("events.before_answer", [EventState.APPLIED], State.COMPLAINED),
    ],
)
def test_killed_anywhere_it_is_kept_or_posted_again(
    posting: Posting, point: str, kept: list[EventState], state: State, turn: int
) -> None:
    assert posting.post(fault=f"{point}=kill") == ""
    case = posting.case
    assert ([one.state for one in case.events()], case.message.state) == (kept, state)
    assert posting.post(later=30) == "200"  # the provider tries again
    case.apply()
    assert ([one.state for one in case.events()], case.message.state) == (
        [EventState.APPLIED],
        State.COMPLAINED,
    )
    assert (case.refusals(), case.contacts()) == ({"complaint"}, 1)


def test_what_was_answered_needs_nobody_to_say_it_again(posting: Posting) -> None:
    assert posting.post() == "200"
    assert posting.case.message.state is State.COMPLAINED
