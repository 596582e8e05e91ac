"""Our mail through a real Postfix: it arrives as it was sent, in private, and a report comes back."""

import email
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import pytest

from crm.adapters.smtp import SmtpMailer
from crm.adapters.smtp_session import Relay, TlsMode
from crm.delivery.ports import Accepted, NotSent, NotSentReason
from tests.envelopes import envelope, envelopes
from tests.servers import postfix
from tests.servers.postfix import Postfix, without_trace
from tests.servers.smtp import SmtpServer, Stage, answer
from tests.servers.tls import Tls

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("postfix")]

BOUNCES = "bounce.outreach.example"
"""The domain of the envelope senders in `tests.envelopes`."""


@pytest.fixture(scope="module")
def _relay() -> Iterator[Postfix]:
    here = ", ".join([BOUNCES, *(f"winkel{number}.example" for number in range(1, 21))])
    elsewhere = SmtpServer({(Stage.RCPT, 0): answer("550 5.1.1 nobody of that name")})
    with elsewhere, postfix.server(here=here, onward=f"smtp:[127.0.0.1]:{elsewhere.port}") as relay:
        yield relay


@pytest.fixture
def relay(_relay: Postfix) -> Postfix:
    _relay.clear()
    return _relay


def mailer_for(relay: Postfix) -> SmtpMailer:
    return SmtpMailer(Relay("127.0.0.1", relay.port, TlsMode.NONE))


def test_ten_mails_arrive_byte_for_byte_over_one_connection(relay: Postfix) -> None:
    mailer = mailer_for(relay)
    batch = envelopes(10)
    outcomes = mailer.send(batch)
    mailer.close()
    assert all(isinstance(one, Accepted) and one.provider_id for one in outcomes)
    found = {postfix.read(raw)["Delivered-To"]: raw for raw in relay.wait_for(10)}
    for one in batch:
        assert without_trace(found[one.recipient]) == one.wire
        assert f"Return-Path: <{one.sender}>".encode() in found[one.recipient]
    assert "ehlo=1 mail=10 rcpt=10 data=10 quit=1" in relay.log.read_text()


def test_lines_of_dots_and_of_998_octets_arrive_as_they_were(relay: Postfix) -> None:
    body = b"\r\n.\r\n..\r\n.hidden\r\n" + b"x" * 998 + b"\r\nend\r\n"
    head = b"From: a@outreach.example\r\nDate: Mon, 02 Mar 2026 10:00:00 +0100\r\nTo: b@winkel1.example\r\n"
    sent = envelope(1, wire_bytes=head + b"Message-ID: <m@outreach.example>\r\n" + body)
    mailer = mailer_for(relay)
    assert isinstance(mailer.send([sent])[0], Accepted)
    mailer.close()
    assert without_trace(relay.wait_for(1)[0]) == sent.wire


def report(raw: bytes) -> tuple[dict[str, str], dict[str, str], Message]:
    """The fields of a delivery report: of the message, of its first recipient, and what it returns."""
    parts = list(email.message_from_bytes(raw).walk())
    status = next(part for part in parts if part.get_content_type() == "message/delivery-status")
    blocks = status.get_payload()
    assert isinstance(blocks, list)
    returned = next(
        part for part in parts if part.get_content_type() in {"text/rfc822-headers", "message/rfc822"}
    )
    message, recipient = (
        {name.lower(): str(value) for name, value in block.items()}
        for block in blocks[:2]
        if isinstance(block, Message)
    )
    return message, recipient, returned


def test_a_report_of_failure_names_the_message_and_carries_nobodys_text(relay: Postfix) -> None:
    sent = envelope(1, recipient="jan+foto=s@elsewhere.example")
    mailer = mailer_for(relay)
    assert isinstance(mailer.send([sent])[0], Accepted)
    mailer.close()
    raw = relay.wait_for(1)[0]
    assert postfix.read(raw)["Delivered-To"] == sent.sender
    assert b"Return-Path: <>" in raw
    message, recipient, returned = report(raw)
    assert message["original-envelope-id"] == sent.public_id
    assert recipient["action"] == "failed"
    assert recipient["original-recipient"] == "rfc822;jan+foto=s@elsewhere.example"
    assert returned.get_content_type() == "text/rfc822-headers"


def test_nobody_reports_an_arrival(relay: Postfix) -> None:
    mailer = mailer_for(relay)
    mailer.send([envelope(1), envelope(2, recipient="jan@elsewhere.example")])
    mailer.close()
    recipients = {postfix.read(raw)["Delivered-To"] for raw in relay.wait_for(2)}
    assert recipients == {envelope(1).recipient, envelope(2).sender}


def test_a_mail_that_is_held_up_is_reported_as_that_and_arrives() -> None:
    onward = SmtpServer({(Stage.RCPT, turn): answer("451 4.7.1 greylisted") for turn in (1, 2)})
    with onward, postfix.server(
        here=BOUNCES, onward=f"smtp:[127.0.0.1]:{onward.port}", more=["delay_warning_time = 1s"]
    ) as relay:  # fmt: skip
        mailer = mailer_for(relay)
        mailer.send([envelope(1)])
        mailer.close()
        _, recipient, _ = report(relay.wait_for(1)[0])
        assert recipient["action"] == "delayed"
        assert onward.arrived(1)
        assert without_trace(onward.taken[0].wire) == envelope(1).wire


@pytest.fixture(scope="module")
def _private_relay(authority: Tls) -> Iterator[Postfix]:
    with postfix.server(here="winkel1.example", tls=authority) as relay:
        yield relay


@pytest.fixture
def private_relay(_private_relay: Postfix) -> Postfix:
    _private_relay.clear()
    return _private_relay


def test_starttls_with_a_certificate_that_proves_the_relay(private_relay: Postfix, authority: Tls) -> None:
    mailer = SmtpMailer(Relay("127.0.0.1", private_relay.port, TlsMode.STARTTLS), context=authority.client)
    assert isinstance(mailer.send([envelope(1)])[0], Accepted)
    mailer.close()
    assert b"using TLSv1.3" in private_relay.wait_for(1)[0]


@pytest.mark.parametrize("fault", ["unknown authority", "another name"])
def test_a_certificate_that_does_not_prove_the_relay_stops_the_mailbox(
    private_relay: Postfix, authority: Tls, fault: str
) -> None:
    context = authority.stranger if fault == "unknown authority" else authority.client
    host = "127.0.0.1" if fault == "unknown authority" else "localhost"
    mailer = SmtpMailer(Relay(host, private_relay.port, TlsMode.STARTTLS), context=context)
    assert mailer.send(envelopes(2)) == [NotSent(NotSentReason.TLS_FAILED, pause_mailbox=True)] * 2
    mailer.close()
    assert private_relay.delivered() == []


def test_a_relay_that_wants_tls_gets_nothing_in_the_open(private_relay: Postfix) -> None:
    mailer = mailer_for(private_relay)
    outcome = mailer.send([envelope(1)])[0]
    mailer.close()
    assert outcome == NotSent(NotSentReason.LOGIN_REFUSED, pause_mailbox=True)
    assert private_relay.delivered() == []


@pytest.mark.parametrize("strangers", ["reject_unauth_destination", "defer_unauth_destination"])
def test_a_relay_that_does_not_know_us_gives_nobody_up(strangers: str) -> None:
    with postfix.server(strangers=strangers, more=["mynetworks = 192.0.2.0/24"]) as relay:
        mailer = mailer_for(relay)
        outcomes = mailer.send(envelopes(3))
        mailer.close()
    assert outcomes == [NotSent(NotSentReason.SENDER_REFUSED, pause_mailbox=True)] * 3


def test_a_message_over_the_relays_limit_is_rejected_before_it_is_read(tmp_path: Path) -> None:
    with postfix.server(here="winkel1.example", more=["message_size_limit = 1000"]) as relay:
        mailer = mailer_for(relay)
        outcomes = mailer.send([envelope(1)])
        mailer.close()
        assert [getattr(one, "code", "") for one in outcomes] == ["552 5.3.4"]
