"""The SMTP mailer against servers that fail in every way at every stage: what it says is what happened."""

import itertools
from collections import Counter

import pytest

from crm.adapters.smtp import Limits, SmtpMailer
from crm.adapters.smtp_session import Relay, TlsMode
from crm.delivery.ports import Accepted, NotSent, NotSentReason, Outcome, Rejected, Uncertain
from crm.kernel.clock import monotonic
from tests.envelopes import envelopes
from tests.servers.smtp import (
    Behaviour,
    SmtpServer,
    Stage,
    answer,
    close,
    drip,
    hang,
    reset,
    reset_after,
)

pytestmark = [pytest.mark.enable_socket]

LIMITS = Limits(batch=3, opening=1.5, message=1, answer=0.1)
QUICK = Limits(batch=0.9, opening=0.25, message=0.3, answer=0.1)
PATIENT = Limits(batch=5, opening=2, message=2, answer=0.1)


def mailer_for(server: SmtpServer, limits: Limits = PATIENT) -> SmtpMailer:
    return SmtpMailer(Relay("127.0.0.1", server.port, TlsMode.NONE), limits=limits)


def send(server: SmtpServer, count: int = 1, limits: Limits = PATIENT) -> list[Outcome]:
    mailer = mailer_for(server, limits)
    outcomes = mailer.send(envelopes(count))
    mailer.close()
    return outcomes


BAD: dict[str, Behaviour] = {
    "hang": hang,
    "reset": reset,
    "close": close,
    "drip": drip,
    "garbage": answer("<html>"),
    "wrong code": answer("299-never ends"),
    "421": answer("421 4.3.2 closing"),
    "451": answer("451 4.3.0 later"),
    "554": answer("554 5.7.1 no"),
}
# After it was taken, a server may die; a no would be a lie that nobody can guard against.
AFTER = ("hang", "reset", "close", "drip", "garbage", "wrong code", "421")
STAGES = [Stage.GREETING, Stage.EHLO, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY, Stage.DOT]
SLOW = {"hang", "drip"}
CASES = [(stage, bad, turn) for stage, bad, turn in itertools.product(STAGES, BAD, (1, 2))]
CASES += [(Stage.TAKEN, bad, turn) for bad, turn in itertools.product(AFTER, (1, 2))]
CASES = [case for case in CASES if case[1] not in SLOW or case[2] == 1]


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "stepwise"])
@pytest.mark.parametrize(("stage", "bad", "turn"), CASES, ids=str)
def test_what_is_said_of_a_message_is_what_happened_to_it(
    stage: Stage, bad: str, turn: int, *, pipelining: bool
) -> None:
    """Accepted: taken, once. Not sent or rejected: not taken. Only uncertain may be either."""
    with SmtpServer({(stage, turn): BAD[bad]}, pipelining=pipelining) as server:
        start = monotonic()
        outcomes = send(server, 3, QUICK)
        assert monotonic() - start < QUICK.batch + 2
        taken = Counter(one.recipient for one in server.taken)
    for one, outcome in zip(envelopes(3), outcomes, strict=True):
        if isinstance(outcome, Accepted):
            assert taken[one.recipient] == 1
        elif isinstance(outcome, Uncertain):
            assert taken[one.recipient] <= 1
        else:
            assert taken[one.recipient] == 0


UNREACHABLE = NotSent(NotSentReason.UNREACHABLE)
DEFERRED = NotSent(NotSentReason.DEFERRED)
LOG_IN = NotSent(NotSentReason.LOGIN_REFUSED, pause_mailbox=True)
OURS = NotSent(NotSentReason.SENDER_REFUSED, pause_mailbox=True)


@pytest.mark.parametrize(
    ("stage", "behaviour", "outcome"),
    [
        (Stage.GREETING, answer("554 no service"), NotSent(NotSentReason.SENDER_REFUSED, pause_mailbox=True)),
        (Stage.GREETING, answer("421 busy"), DEFERRED),
        (Stage.GREETING, reset, UNREACHABLE),
        (Stage.EHLO, answer("502 what"), NotSent(NotSentReason.SENDER_REFUSED, pause_mailbox=True)),
        (Stage.MAIL, answer("452 4.3.1 full"), DEFERRED),
        (Stage.MAIL, answer("530 5.7.0 log in"), LOG_IN),
        (Stage.MAIL, answer("550 5.7.1 not you"), NotSent(NotSentReason.SENDER_REFUSED, pause_mailbox=True)),
        (Stage.MAIL, answer("552 5.3.4 too big"), Rejected("552 5.3.4", "5.3.4 too big")),
        (Stage.RCPT, answer("450 4.2.0 greylisted"), DEFERRED),
        (Stage.RCPT, answer("552 5.2.2 full"), Rejected("552 5.2.2", "5.2.2 full")),
        (Stage.RCPT, answer("554 5.7.1 a spammer"), Rejected("554 5.7.1", "5.7.1 a spammer")),
        (Stage.RCPT, answer("554 5.7.1 <x>: Relay access denied"), OURS),
        (Stage.RCPT, answer("550 5.7.1 Unable to relay"), OURS),
        (Stage.RCPT, answer("550 5.7.26 not authenticated"), OURS),
        (Stage.RCPT, answer("535 5.7.8 who are you"), LOG_IN),
        (Stage.RCPT, answer("550 5.1.1 unknown"), Rejected("550 5.1.1", "5.1.1 unknown")),
        (Stage.RCPT, reset, UNREACHABLE),
        (Stage.DATA, answer("451 later"), DEFERRED),
        (Stage.DATA, answer("554 no"), Rejected("554", "no")),
        (Stage.BODY, reset_after(1), Uncertain("connection_lost")),
        (Stage.BODY, reset_after(600), Uncertain("connection_lost")),
        (Stage.BODY, hang, Uncertain("timed_out")),
        (Stage.DOT, answer("451 4.3.0 later"), DEFERRED),
        (Stage.DOT, answer("552 5.3.4 too big"), Rejected("552 5.3.4", "5.3.4 too big")),
        (Stage.DOT, answer("554 5.6.0 no such content"), Rejected("554 5.6.0", "5.6.0 no such content")),
        (Stage.DOT, answer("550 5.7.515 below the level"), OURS),
        (Stage.DOT, answer("550 5.1.8 sender's domain is unknown"), OURS),
        (Stage.DOT, answer("421 4.4.2 lost my upstream"), Uncertain("answer_421")),
        (Stage.DOT, answer("354 more"), Uncertain("unreadable_answer")),
        (Stage.DOT, answer("250-never"), Uncertain("timed_out")),
        (Stage.DOT, close, Uncertain("connection_lost")),
        (Stage.TAKEN, hang, Uncertain("timed_out")),
        (Stage.TAKEN, answer("251 2.0.0 somewhere"), Accepted(None)),
    ],
)  # fmt: skip
def test_each_answer_has_its_meaning(stage: Stage, behaviour: Behaviour, outcome: Outcome) -> None:
    for pipelining in (True, False):
        with SmtpServer({(stage, 1): behaviour}, pipelining=pipelining) as server:
            limits = LIMITS if outcome == Uncertain("timed_out") else Limits()
            assert send(server, limits=limits) == [outcome]


def test_what_a_server_says_of_a_person_is_not_kept() -> None:
    said = (
        "550 5.1.1 <Inkoop1@Winkel1.example>: user inkoop1 at WINKEL1.EXAMPLE unknown, see "
        "https://help.example/?a=inkoop1%40winkel1.example [192.0.2.7] [2001:db8::7]"
    )
    with SmtpServer({(Stage.RCPT, 1): answer(said)}) as server:
        outcome = send(server)[0]
    assert isinstance(outcome, Rejected)
    assert outcome.code == "550 5.1.1"
    for trace in ("inkoop1", "winkel1", "192.0.2.7", "2001:db8", "%40"):
        assert trace not in outcome.detail.lower()
    assert "unknown" in outcome.detail
