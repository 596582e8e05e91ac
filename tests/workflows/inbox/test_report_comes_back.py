"""A mail leaves through a real Postfix, its report comes back to the token and changes that message only."""

import itertools
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from crm.adapters.imap import ImapInbox
from crm.adapters.inbox import MaildirInbox
from crm.adapters.smtp import SmtpMailer
from crm.adapters.smtp_session import Relay, TlsMode
from crm.delivery.models import Message, MessageState
from crm.permission.terms import AddressState
from crm.prospects.models import Prospect
from crm.replies.models import InboundMail
from crm.sequences.models import Enrolment, EnrolmentState
from crm.services import Services
from crm.workflows.inbox.receive_mail import keep, receive_mail
from crm.workflows.inbox.understand_mail import understand_mail
from tests.conftest import FakeClock
from tests.outreach import Outreach
from tests.servers import dovecot, postfix, tls
from tests.servers.postfix import Postfix
from tests.servers.smtp import SmtpServer, Stage, Talk, answer

pytestmark = [pytest.mark.enable_socket, pytest.mark.both_databases, pytest.mark.xdist_group("postfix")]


class Greylisting(SmtpServer):
    """Takes nobody's mail the first time it comes."""

    def _rcpt(self, talk: Talk) -> None:
        if talk.command in self.commands[:-1]:
            super()._rcpt(talk)
        else:
            talk.peer.say(b"450 4.2.0 greylisted, come again\r\n")


@dataclass(frozen=True)
class Round:
    """Two people, a relay, and where their mail goes."""

    services: Services
    relay: Postfix
    there: SmtpServer
    gone_address: str
    there_address: str

    def state_of(self, address: str) -> tuple[MessageState, EnrolmentState, str]:
        with self.services.database.reading() as session:
            person = session.scalars(select(Prospect).where(Prospect.address == address)).one()
            message = session.scalars(select(Message).where(Message.prospect_id == person.id)).one()
            enrolment = session.scalars(select(Enrolment).where(Enrolment.prospect_id == person.id)).one()
            return message.state, enrolment.state, person.address_state

    def understand(self) -> list[tuple[str, str]]:
        services = self.services
        receive_mail(services.database, services.inbox, services.clocks.calendar)
        understand_mail(services.reading_room, now=services.clocks.calendar())
        with services.database.reading() as session:
            rows = session.execute(select(InboundMail.kind, InboundMail.matched_by).order_by(InboundMail.id))
            return [(kind, by) for kind, by in rows]


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Postfix, SmtpServer]]:
    """A relay, and whom it delivers to: one refuses everybody, one lets them wait."""
    with ExitStack() as stack:
        gone = stack.enter_context(SmtpServer({(Stage.RCPT, 0): answer("550 5.1.1 no such user here")}))
        there = stack.enter_context(Greylisting())
        ways = (
            f"{{weg.example=smtp:[127.0.0.1]:{gone.port}}}, {{winkel.example=smtp:[127.0.0.1]:{there.port}}}"
        )
        relay = stack.enter_context(
            postfix.server(more=[f"transport_maps = inline:{{ {ways} }}", "delay_warning_time = 1s"])
        )
        yield relay, there


TESTS = itertools.count(1)


@pytest.fixture
def away(services: Services, servers: tuple[Postfix, SmtpServer]) -> Iterator[Round]:
    """After the first mails have been handed over, to people of this test's own."""
    relay, there = servers
    relay.clear()
    number = next(TESTS)
    people = (f"jan{number}@weg.example", f"anna{number}@winkel.example")
    mailer = SmtpMailer(Relay("127.0.0.1", relay.port, TlsMode.NONE))
    services = replace(services, mailer=mailer, inbox=MaildirInbox(relay.maildir))
    outreach = Outreach(services)
    outreach.enrol([outreach.person(one) for one in people], outreach.sequence())
    clock = services.clocks.calendar
    assert isinstance(clock, FakeClock)
    for _ in range(8):
        outreach.plan()
        outreach.dispatch()
        clock.advance(timedelta(hours=3))
    yield Round(services, relay, there, *people)
    mailer.close()


def test_a_failure_stops_its_own_message_and_a_delay_nothing(away: Round) -> None:
    assert [away.state_of(one)[0] for one in (away.gone_address, away.there_address)] == [
        MessageState.SENT
    ] * 2
    away.relay.wait_for(2)
    away.there.wait_for(away.there_address)
    assert away.understand() == [("bounce", "token")] * 2
    assert away.state_of(away.gone_address) == (
        MessageState.BOUNCED,
        EnrolmentState.STOPPED,
        AddressState.BOUNCED,
    )
    assert away.state_of(away.there_address)[0] is MessageState.SENT
    assert away.state_of(away.there_address)[1] is EnrolmentState.RUNNING


def spoilt(away: Round, spoil: str) -> bytes:
    """The report about the failure, as something on its way may leave it."""
    raw = next(one for one in away.relay.wait_for(2) if b"Action: failed" in one)
    if spoil == "capitals":
        return re.sub(rb"b\+[a-z2-7]{16,}", lambda found: found[0].upper(), raw)
    if spoil == "no token":
        return re.sub(rb"b\+[a-z2-7]{16,}@\S+", b"bounces@elsewhere.example", raw)
    without_ids = re.sub(rb"(?im)^(message-id|x-postfix-queue-id):.*\n", b"", raw)
    return re.sub(rb"b\+[a-z2-7]{16,}@\S+", b"bounces@elsewhere.example", without_ids)


@pytest.mark.parametrize(
    ("spoil", "by"), [("capitals", "token"), ("no token", "thread"), ("only the envelope id", "thread")]
)
def test_a_report_that_lost_its_token_is_found_by_what_is_left(away: Round, spoil: str, by: str) -> None:
    raw = spoilt(away, spoil)
    away.relay.clear()
    keep(away.services.database, raw, at=away.services.clocks.calendar())
    assert away.understand()[-1] == ("bounce", by)
    assert away.state_of(away.gone_address)[0] is MessageState.BOUNCED


def test_a_report_that_names_no_message_of_ours_changes_nothing(away: Round) -> None:
    raw = spoilt(away, "only the envelope id")
    away.relay.clear()
    forged = re.sub(rb"(?im)^original-envelope-id:.*\n", b"", raw)
    keep(away.services.database, forged, at=away.services.clocks.calendar())
    away.understand()
    assert away.state_of(away.gone_address)[0] is MessageState.SENT


def test_a_report_is_read_over_imap_as_well(away: Round, tmp_path: Path) -> None:
    away.relay.wait_for(2)
    with dovecot.server(tls.make(tmp_path), more=[f"mail_location = maildir:{away.relay.maildir}"]) as server:
        inbox = ImapInbox(server.open_place)
        over_imap = replace(away, services=replace(away.services, inbox=inbox))
        assert over_imap.understand() == [("bounce", "token")] * 2
        inbox.close()
    assert away.state_of(away.gone_address)[0] is MessageState.BOUNCED
    assert away.state_of(away.there_address)[0] is MessageState.SENT
