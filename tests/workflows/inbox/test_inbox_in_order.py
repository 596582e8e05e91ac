"""Inbound mail takes enrolments first, in the order of their ids, and begins anew if PostgreSQL ends it."""

import threading
from collections.abc import Callable
from contextlib import suppress
from email.message import EmailMessage
from functools import partial
from time import monotonic, sleep
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from crm.delivery.models import Message
from crm.kernel.errors import CrmError
from crm.replies.models import InboundMail, InboundState
from crm.sequences.models import EnrolmentState, StopReason
from crm.services import Services
from crm.workflows.inbox import answer_mail
from crm.workflows.inbox import understand_mail as understanding
from crm.workflows.inbox.doubts import hold_in_doubt
from crm.workflows.inbox.hold_colleagues import hold_colleagues
from crm.workflows.inbox.receive_mail import receive_mail
from crm.workflows.inbox.understand_mail import understand_mail
from tests.correspondence import Correspondence
from tests.fakes import MemoryInbox
from tests.outreach import Outreach, mail
from tests.postgres import SESSIONS_WAITING
from tests.workflows.sending.test_in_order import ENROLMENTS, FREE

pytestmark = pytest.mark.on_postgresql

YES = "Ja, bel me morgen maar even op."
ABSENT = "Ik ben afwezig tot en met 13 maart 2026."


class Chosen(Exception):  # noqa: N818 - PostgreSQL's word
    """A transaction that PostgreSQL ended to let another one go on."""

    sqlstate = "40P01"
    times = 0


class Reader:
    """A worker on a connection of its own; what it raised is told by `ended`."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.failed: list[BaseException] = []
        self.work = work
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        try:
            self.work()
        except BaseException as error:  # noqa: BLE001 - told by the test
            self.failed.append(error)

    def ended(self) -> tuple[bool, list[BaseException]]:
        self.thread.join(10)
        return self.thread.is_alive(), self.failed


def until_somebody_waits(services: Services) -> None:
    deadline = monotonic() + 10
    while True:
        with services.database.reading() as looking:  # one transaction shows the same activity for ever
            if looking.scalar(SESSIONS_WAITING):
                return
        assert monotonic() < deadline, "nobody waits"
        sleep(0.01)


@pytest.mark.parametrize(
    ("text", "headers"),
    [(YES, {}), ("Haal me van de lijst.", {}), (ABSENT, {"Auto_Submitted": "auto-replied"})],
    ids=["answer", "no", "absence"],
)
def test_the_enrolment_comes_before_its_message(
    services: Services, text: str, headers: dict[str, str]
) -> None:
    talk = Correspondence(services, mail(), mail(3, ""))
    ours = talk.ours.id
    with services.database.transaction() as planner:
        planner.execute(ENROLMENTS).all()
        reader = Reader(partial(talk.writes, text, **headers))
        until_somebody_waits(services)
        with services.database.reading() as looking:
            assert ours in looking.scalars(FREE).all()
        planner.execute(select(Message.id).where(Message.id == ours).with_for_update()).all()
    assert reader.ended() == (False, [])
    assert talk.enrolment().state is not EnrolmentState.RUNNING


@pytest.fixture
def colleagues(services: Services) -> Outreach:
    """Anna and Bob of one company, in one sequence; a mail of each waits in the inbox."""
    outreach = Outreach(services)
    anna = outreach.person("anna@winkel.example")
    bob = outreach.person("bob@winkel.example", company_id=outreach.prospect(anna).company_id)
    outreach.enrol([anna, bob], outreach.sequence(mail(), mail(3, "")))
    inbox = services.inbox
    assert isinstance(inbox, MemoryInbox)
    for name in ("anna", "bob"):
        letter = EmailMessage()
        letter["From"] = f"{name}@winkel.example"
        letter["To"] = "sales@produfoto.example"
        letter["Subject"] = "Foto's"
        letter["Message-ID"] = f"<{name}@winkel.example>"
        letter.set_content(YES)
        inbox.deliver(letter.as_bytes())
    receive_mail(services.database, inbox, services.clocks.calendar)
    return outreach


def read_at_once(services: Services, outreach: Outreach) -> None:
    readers = [Reader(lambda: understand_mail(services.reading_room, now=outreach.now)) for _ in range(2)]
    assert [reader.ended() for reader in readers] == [(False, []), (False, [])]
    with services.database.reading() as session:
        assert set(session.scalars(select(InboundMail.kind))) == {"person"}
    assert EnrolmentState.RUNNING not in {one.state for one in outreach.enrolments()}
    assert [one.stop_reason for one in outreach.enrolments()] == [StopReason.REPLIED] * 2


def slowed(monkeypatch: pytest.MonkeyPatch, *, patience: float) -> list[int]:
    """Whoever has done with the person waits a while for the other before the colleagues are held."""
    both = threading.Barrier(2)
    begun: list[int] = []

    def slow(*given: Any, **named: Any) -> int:
        begun.append(1)
        with suppress(threading.BrokenBarrierError):
            both.wait(patience)
        return hold_colleagues(*given, **named)

    monkeypatch.setattr(answer_mail, "hold_colleagues", slow)
    return begun


def test_two_colleagues_who_answer_at_once_never_wait_in_a_circle(
    services: Services, colleagues: Outreach, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = slowed(monkeypatch, patience=1)
    read_at_once(services, colleagues)
    assert len(begun) == 2  # none began anew


def test_a_mail_that_postgresql_ended_is_begun_anew(
    services: Services, colleagues: Outreach, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(understanding, "take_in_hand", lambda *_: None)
    begun = slowed(monkeypatch, patience=1)
    read_at_once(services, colleagues)
    assert len(begun) == 3


def test_so_is_one_that_is_set_aside(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    talk = Correspondence(services, mail(), mail(3, ""))
    ended = Chosen()

    def fail(*_: object, **__: object) -> None:
        raise CrmError

    def hold(*given: Any, **named: Any) -> None:
        hold_in_doubt(*given, **named)
        if not ended.times:
            ended.times += 1
            raise OperationalError("", {}, ended)

    monkeypatch.setattr(answer_mail, "act", fail)
    monkeypatch.setattr(understanding, "hold_in_doubt", hold)
    assert talk.writes(YES).state is InboundState.QUARANTINED
    assert (ended.times, talk.enrolment().stop_reason) == (1, StopReason.IN_DOUBT)
