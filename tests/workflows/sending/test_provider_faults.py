"""Whatever a provider does, a message is in the state that its acceptance proves, and no other (I04, T7)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache

import pytest
from sqlalchemy import select, update

from crm.adapters import sendgrid
from crm.adapters.sendgrid import Limits, SendGridMailer
from crm.adapters.sendgrid_payload import payload
from crm.delivery.models import Mailbox
from crm.delivery.models import MessageState as State
from crm.delivery.ports import Accepted, Envelope, NotSent, Outcome, Uncertain
from crm.sequences.models import Enrolment
from crm.services import Services
from tests.conftest import NOW, FakeClock
from tests.envelopes import envelope, wire
from tests.outreach import Outreach, mail
from tests.servers import http
from tests.servers.events import event
from tests.servers.http import Answer, Asked
from tests.servers.scripted import Peer, ScriptedServer, closed_port
from tests.servers.sendgrid import KEY, SendGrid
from tests.workflows.reports.reported import Case

pytestmark = [pytest.mark.enable_socket]

AS_SET = Limits()
SOON_OVER = Limits(batch=4.0, message=2.0, answer=0.05)
"""For those who will never answer: they are waited for until the end."""
NEVER_ANSWER = (http.hang, http.drip)

LINES = 4


@contextmanager
def sending(services: Services, clock: FakeClock, url: str, *, limits: Limits = AS_SET) -> Iterator[Case]:
    """One mail that is due, and a SendGrid at that address."""
    mailer = SendGridMailer(KEY, lambda: NOW, host=url, limits=limits)
    outreach = Outreach(replace(services, mailer=mailer))
    outreach.enrol(outreach.person("ann@winkel.example"), outreach.sequence(mail(), mail(3, "")))
    clock.now = NOW.replace(hour=12)
    with services.database.transaction() as session:
        session.execute(update(Enrolment).values(next_due_at=clock.now))
    outreach.plan()
    yield Case(outreach)
    mailer.close()


def accepting(answer: Answer) -> Answer:
    """It takes the message, and answers so all the same."""

    def act(peer: Peer, asked: Asked) -> None:
        TAKEN.append(asked.fields["personalizations"][0]["custom_args"]["crm_message_id"])
        answer(peer, asked)

    return act


TAKEN: list[str] = []
SOON = str(int(NOW.timestamp()) + 300)
FAULTS: list[tuple[str, Answer, State, bool]] = [
    ("202", http.status(202, X_Message_Id="abc"), State.SENT, False),
    ("202 without a name", http.status(202), State.SENT, False),
    ("202 and then nothing", http.hang_in_body(202), State.SENT, False),
    ("200", http.status(200), State.UNCERTAIN, False),
    ("400", http.status(400, b'{"errors":[{"message":"bad"}]}'), State.REJECTED, False),
    ("401", http.status(401), State.DUE, True),
    ("403", http.status(403), State.DUE, True),
    ("404", http.status(404), State.DUE, True),
    ("413", http.status(413), State.REJECTED, False),
    ("422", http.status(422), State.REJECTED, False),
    ("302", http.status(302, Location="http://127.0.0.1:9/"), State.DUE, True),
    ("429", http.status(429, X_RateLimit_Reset=SOON), State.DUE, False),
    ("429 and seconds", http.status(429, Retry_After="300"), State.DUE, False),
    *((f"{code}", http.status(code), State.UNCERTAIN, False) for code in (408, 500, 502, 503, 504)),
    ("503 after taking it", accepting(http.status(503)), State.UNCERTAIN, False),
    ("reset after taking it", accepting(http.reset), State.UNCERTAIN, False),
    ("reset", http.reset, State.UNCERTAIN, False),
    ("end", http.close, State.UNCERTAIN, False),
    ("stall", http.hang, State.UNCERTAIN, False),
    ("drip", http.drip, State.UNCERTAIN, False),
    ("garbage", http.raw(b"\x00\xff" * 500 + b"\r\n\r\n"), State.UNCERTAIN, False),
]


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("answer", "state", "paused"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS]
)
def test_every_answer_leaves_the_state_it_proves(
    services: Services, clock: FakeClock, answer: Answer, state: State, *, paused: bool
) -> None:
    limits = SOON_OVER if answer in NEVER_ANSWER else AS_SET
    with (
        SendGrid(faults={"/mail/send": answer}) as server,
        sending(services, clock, server.url, limits=limits) as case,
    ):
        case.outreach.dispatch()
        with services.database.reading() as session:
            held = session.scalars(select(Mailbox.paused_at)).one() is not None
        assert (case.message.state, held) == (state, paused)
        assert len(server.asked) == 1
        assert case.contacts() == (1 if state is State.SENT else 0)


def test_nobody_there_leaves_it_due(services: Services, clock: FakeClock) -> None:
    with sending(services, clock, f"http://127.0.0.1:{closed_port()}") as case:
        case.outreach.dispatch()
        assert (case.message.state, case.message.due_at) == (State.DUE, clock.now + timedelta(minutes=1))


@pytest.mark.parametrize("answer", [http.status(503), http.reset, http.drip])
def test_taken_in_spite_of_the_answer_its_events_say_so(
    services: Services, clock: FakeClock, answer: Answer
) -> None:
    TAKEN.clear()
    faults = {"/mail/send": accepting(answer)}
    with SendGrid(faults=faults) as server, sending(services, clock, server.url, limits=SOON_OVER) as case:
        case.outreach.dispatch()
        clock.advance(timedelta(days=30))
        case.outreach.dispatch()
        assert (case.message.state, TAKEN) == (State.UNCERTAIN, [case.name])
        case.hear(event("processed", TAKEN[0], at=clock.now), event("delivered", TAKEN[0], at=clock.now))
        assert (case.message.state, case.contacts()) == (State.DELIVERED, 1)


def test_an_event_that_overtakes_the_answer_is_not_undone_by_it(services: Services, clock: FakeClock) -> None:
    def act(peer: Peer, asked: Asked) -> None:
        case.hear(event("bounce", case.name, at=clock.now, status="5.1.1"))
        http.status(202)(peer, asked)

    with SendGrid(faults={"/mail/send": act}) as server, sending(services, clock, server.url) as case:
        case.outreach.dispatch()
        assert (case.message.state, case.contacts()) == (State.BOUNCED, 1)


@dataclass
class Line:
    """A server that reads a whole request, or so many bytes of it before it breaks the line."""

    cuts: Iterator[int]
    head: int = 0
    body: int = 0

    def __call__(self, peer: Peer) -> None:
        cut = next(self.cuts, None)
        if cut is not None:
            peer.exactly(cut)
            peer.reset()
        head = peer.until(b"\r\n\r\n")
        self.head, self.body = len(head), int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        peer.exactly(self.body)
        peer.say(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def outcomes_of(line: Line, one: Envelope, times: int) -> list[Outcome]:
    with ScriptedServer(line) as server:
        mailer = SendGridMailer(KEY, lambda: NOW, host=f"http://127.0.0.1:{server.port}", threads=1)
        found = [mailer.send([one])[0] for _ in range(times)]
        mailer.close()
    return found


def test_broken_at_any_byte_it_is_in_doubt_or_certainly_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    # Some thousand times the same message: what is asked is when the line breaks, not how it is written.
    monkeypatch.setattr(sendgrid, "payload", cache(payload))
    lines = ("x" * 70 + "\n") * 24
    one = envelope(wire_bytes=wire("inkoop1@winkel1.example", text=lines))
    whole = Line(iter(()))
    assert outcomes_of(whole, one, 1) == [Accepted(None)]
    size = whole.head + whole.body
    assert size >= 4096

    def broken(first: int) -> list[Outcome]:
        cuts = range(first, size + 1, LINES)
        return outcomes_of(Line(iter(cuts)), one, len(cuts))

    outcomes: dict[int, Outcome] = {}
    with ThreadPoolExecutor(LINES) as side_by_side:
        for first, found in enumerate(side_by_side.map(broken, range(LINES))):
            outcomes.update(zip(range(first, size + 1, LINES), found, strict=True))
    assert sorted(outcomes) == list(range(size + 1))
    not_sent = [place for place, outcome in outcomes.items() if isinstance(outcome, NotSent)]
    rest = {outcome for outcome in outcomes.values() if not isinstance(outcome, NotSent)}
    assert rest == {Uncertain("connection_lost")}
    # "Certainly not there" is only said while the server cannot have read a byte of the body.
    assert all(place <= whole.head for place in not_sent)
