"""What is asked for beside the envelope: reports of failure and delay, where the server knows them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.adapters.smtp import SmtpMailer
from crm.adapters.smtp_envelope import xtext
from crm.adapters.smtp_session import Relay, TlsMode
from crm.delivery.ports import Accepted, Envelope
from tests.envelopes import envelope, envelopes
from tests.servers.smtp import SmtpServer, Stage, answer

pytestmark = [pytest.mark.enable_socket]

DSN_WORDS = ("RET=", "ENVID=", "NOTIFY=", "ORCPT=")


def send(server: SmtpServer, *batch: Envelope) -> list[type]:
    mailer = SmtpMailer(Relay("127.0.0.1", server.port, TlsMode.NONE))
    outcomes = mailer.send(batch)
    mailer.close()
    return [type(one) for one in outcomes]


def said(server: SmtpServer, verb: str) -> list[str]:
    return [command for command in server.commands if command.startswith(verb)]


@pytest.mark.parametrize("pipelining", [True, False])
def test_reports_of_failure_and_delay_are_asked_for_where_the_server_knows_them(*, pipelining: bool) -> None:
    one = envelope(1, recipient="jan+foto=s@winkel1.example")
    with SmtpServer(reports=True, pipelining=pipelining) as server:
        assert send(server, one) == [Accepted]
    assert said(server, "MAIL") == [
        f"MAIL FROM:<{one.sender}> SIZE={len(one.wire)} RET=HDRS ENVID={one.public_id}"
    ]
    assert said(server, "RCPT") == [
        f"RCPT TO:<{one.recipient}> NOTIFY=FAILURE,DELAY ORCPT=rfc822;jan+2Bfoto+3Ds@winkel1.example"
    ]


def test_a_server_that_does_not_know_reports_is_not_asked() -> None:
    with SmtpServer() as server:
        send(server, *envelopes(3))
    assert not [command for command in server.commands if any(word in command for word in DSN_WORDS)]


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT])
@pytest.mark.parametrize("code", [501, 504, 555])
@pytest.mark.parametrize("pipelining", [True, False])
def test_a_server_that_takes_its_offer_back_gets_the_mail_without(
    stage: Stage, code: int, *, pipelining: bool
) -> None:
    faults = {(stage, 1): answer(f"{code} 5.5.4 unsupported option")}
    with SmtpServer(faults, reports=True, pipelining=pipelining) as server:
        assert send(server, *envelopes(3)) == [Accepted] * 3
        assert [one.recipient for one in server.taken] == [one.recipient for one in envelopes(3)]
        assert server.connections == 1
    assert not any(word in said(server, "MAIL")[-1] for word in DSN_WORDS)


def test_a_server_that_knows_no_parameters_and_says_no_is_not_asked_for_ever() -> None:
    with SmtpServer({(Stage.MAIL, 0): answer("555 5.5.4 no")}, reports=True) as server:
        assert Accepted not in send(server, envelope())
        assert len(said(server, "MAIL")) == 2


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=100))
def test_xtext_can_be_read_back_and_holds_nothing_that_ends_a_word(text: str) -> None:
    coded = xtext(text)
    assert not set(coded) & set(" =\r\n")
    pieces = coded.split("+")
    assert pieces[0] + "".join(chr(int(piece[:2], 16)) + piece[2:] for piece in pieces[1:]) == text
