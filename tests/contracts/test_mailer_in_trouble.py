"""What every mailer that talks to a provider promises when the provider behaves badly (I04).

Before the first byte of the body: not sent. After it, without a definite answer: uncertain. A definite no:
rejected. And all of it within the time that was said, nine neighbours included.
"""

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from crm.adapters import sendgrid, smtp
from crm.adapters.sendgrid import SendGridMailer
from crm.adapters.smtp import SmtpMailer
from crm.adapters.smtp_session import Relay, TlsMode
from crm.delivery.ports import Accepted, Mailer, NotSent, NotSentReason, Outcome, Rejected, Uncertain
from crm.kernel.clock import monotonic
from tests.envelopes import envelope, envelopes
from tests.fakes import MemoryMailer
from tests.servers import http
from tests.servers import smtp as smtp_server
from tests.servers.scripted import closed_port
from tests.servers.smtp import SmtpServer, Stage

pytestmark = [pytest.mark.enable_socket]

SMTP_LIMITS = smtp.Limits(batch=2.5, opening=1.0, message=1.0, answer=0.2)
HTTP_LIMITS = sendgrid.Limits(batch=2.5, message=1.0, answer=0.2)
NEVER_ANSWER = ("silent", "dripping")
"""These are waited for until the end, so it has to be near; the others get all the time that is usual."""
LONGEST = 5

TROUBLE = ["nobody there", "silent", "dripping", "resets", "garbage", "temporary no", "definite no"]
Make = Callable[[str], contextlib.AbstractContextManager[Mailer]]


@contextlib.contextmanager
def memory(trouble: str) -> Iterator[Mailer]:
    answers: dict[str, Outcome] = {
        "nobody there": NotSent(NotSentReason.UNREACHABLE),
        "temporary no": NotSent(NotSentReason.DEFERRED),
        "definite no": Rejected("550", "no"),
    }
    mailer = MemoryMailer()
    mailer.answer = answers.get(trouble, Uncertain("connection_lost"))
    yield mailer


@contextlib.contextmanager
def _smtp(trouble: str, *, pipelining: bool) -> Iterator[Mailer]:
    behaviours = {
        "silent": smtp_server.hang,
        "dripping": smtp_server.drip,
        "resets": smtp_server.reset,
        "garbage": smtp_server.answer("HTTP/1.1 200 OK"),
        "temporary no": smtp_server.answer("451 4.3.0 later"),
        "definite no": smtp_server.answer("550 5.7.1 no"),
    }
    faults = {(Stage.DOT, 0): behaviours[trouble]} if trouble in behaviours else {}
    with SmtpServer(faults, pipelining=pipelining) as server:
        limits = SMTP_LIMITS if trouble in NEVER_ANSWER else smtp.Limits()
        port = server.port if trouble in behaviours else closed_port()
        mailer = SmtpMailer(Relay("127.0.0.1", port, TlsMode.NONE), limits=limits)
        yield mailer
        mailer.close()


def smtp_pipelining(trouble: str) -> contextlib.AbstractContextManager[Mailer]:
    return _smtp(trouble, pipelining=True)


def smtp_step_by_step(trouble: str) -> contextlib.AbstractContextManager[Mailer]:
    return _smtp(trouble, pipelining=False)


@contextlib.contextmanager
def sendgrid_posts(trouble: str) -> Iterator[Mailer]:
    behaviours = {
        "silent": http.hang,
        "dripping": http.drip,
        "resets": http.reset,
        "garbage": http.raw(b"220 mail.example ESMTP\r\n\r\n"),
        "temporary no": http.status(429),
        "definite no": http.status(400, b'{"errors":[{"message":"no","field":null}]}'),
    }
    with http.HttpServer([behaviours.get(trouble, http.hang)]) as server:
        host = server.url if trouble in behaviours else f"http://127.0.0.1:{closed_port()}"
        limits = HTTP_LIMITS if trouble in NEVER_ANSWER else sendgrid.Limits()
        mailer = SendGridMailer("SG.key", lambda: datetime(2026, 3, 2, tzinfo=UTC), host=host, limits=limits)
        yield mailer
        mailer.close()


@pytest.fixture(
    params=[memory, smtp_pipelining, smtp_step_by_step, sendgrid_posts], ids=lambda make: make.__name__
)
def make(request: pytest.FixtureRequest) -> Make:
    return request.param  # type: ignore[no-any-return]  # one of the list above


MEANING = {
    "nobody there": NotSent,
    "silent": Uncertain,
    "dripping": Uncertain,
    "resets": Uncertain,
    "garbage": Uncertain,
    "temporary no": NotSent,
    "definite no": Rejected,
}


@pytest.mark.parametrize("trouble", TROUBLE)
def test_each_trouble_has_its_one_meaning(make: Make, trouble: str) -> None:
    with make(trouble) as mailer:
        assert type(mailer.send([envelope()])[0]) is MEANING[trouble]


@pytest.mark.parametrize("trouble", TROUBLE)
def test_trouble_ends_in_time_with_an_answer_for_each_of_ten(make: Make, trouble: str) -> None:
    with make(trouble) as mailer:
        start = monotonic()
        outcomes = mailer.send(envelopes(10))
        assert monotonic() - start < LONGEST
        assert len(outcomes) == 10
        assert all(isinstance(outcome, MEANING[trouble] | NotSent) for outcome in outcomes)
        assert not any(isinstance(outcome, Accepted) for outcome in outcomes)
