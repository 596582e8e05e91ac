"""How the SMTP mailer gets to a relay: privacy first, and no password before it."""

import base64
import ssl

import pytest

from crm.adapters.smtp import Limits, SmtpMailer
from crm.adapters.smtp_session import Relay, TlsMode
from crm.delivery.ports import Accepted, NotSent, NotSentReason, Outcome
from crm.kernel.errors import InvalidSettingsError
from tests.envelopes import envelope, envelopes
from tests.servers.smtp import SmtpServer, Stage, answer, hang
from tests.servers.tls import Tls

pytestmark = [pytest.mark.enable_socket]

LIMITS = Limits(batch=4, opening=3, message=2, answer=0.1)
QUICK = Limits(batch=1.5, opening=0.5, message=0.5, answer=0.1)
NO_TLS = NotSent(NotSentReason.TLS_FAILED, pause_mailbox=True)
NO_LOGIN = NotSent(NotSentReason.LOGIN_REFUSED, pause_mailbox=True)


def send(
    server: SmtpServer, mode: TlsMode, context: ssl.SSLContext, count: int = 1, limits: Limits = LIMITS
) -> list[Outcome]:
    relay = Relay("127.0.0.1", server.port, mode, *(server.login or (None, None)))
    mailer = SmtpMailer(relay, context=context, limits=limits)
    outcomes = mailer.send(envelopes(count))
    mailer.close()
    return outcomes


def test_a_relay_without_starttls_gets_no_mail_and_no_password(authority: Tls) -> None:
    with SmtpServer(login=("crm", "secret")) as server:
        assert send(server, TlsMode.STARTTLS, authority.client, 10) == [NO_TLS] * 10
        assert [one.split()[0] for one in server.commands] == ["EHLO"]
        assert server.connections == 1


def test_a_relay_that_refuses_starttls_gets_no_mail(authority: Tls) -> None:
    with SmtpServer({(Stage.STARTTLS, 0): answer("501 no")}, tls=authority.server) as server:
        assert send(server, TlsMode.STARTTLS, authority.client) == [NO_TLS]


@pytest.mark.parametrize("implicit", [True, False])
def test_a_certificate_of_strangers_gets_no_mail(authority: Tls, *, implicit: bool) -> None:
    with SmtpServer(tls=authority.server, implicit=implicit) as server:
        mode = TlsMode.IMPLICIT if implicit else TlsMode.STARTTLS
        assert send(server, mode, authority.stranger) == [NO_TLS]
        assert server.taken == []


def test_a_certificate_for_another_name_gets_no_mail(authority: Tls) -> None:
    with SmtpServer(tls=authority.server) as server:
        relay = Relay("localhost", server.port, TlsMode.STARTTLS)
        mailer = SmtpMailer(relay, context=authority.client, limits=LIMITS)
        assert mailer.send([envelope()]) == [NO_TLS]


def test_what_was_slipped_in_before_tls_ends_the_conversation(authority: Tls) -> None:
    slipped = answer("220 go\r\n250-mail.example\r\n250 AUTH PLAIN")
    with SmtpServer({(Stage.STARTTLS, 0): slipped}, tls=authority.server, login=("crm", "secret")) as server:
        assert send(server, TlsMode.STARTTLS, authority.client) == [NotSent(NotSentReason.UNREACHABLE)]
        assert server.authenticated == []


@pytest.mark.parametrize("mechanisms", ["PLAIN LOGIN", "LOGIN", "XOAUTH2 PLAIN"])
def test_the_password_arrives_as_it_is_and_only_under_tls(authority: Tls, mechanisms: str) -> None:
    with SmtpServer(tls=authority.server, login=("crm", "pässword"), mechanisms=mechanisms) as server:
        assert isinstance(send(server, TlsMode.STARTTLS, authority.client)[0], Accepted)
        said = b"|".join(base64.b64decode(one) for one in server.authenticated)
        assert said.replace(b"\0", b"|").lstrip(b"|") == "crm|pässword".encode()
        verbs = [one.split()[0].split(":")[0] for one in server.commands]
        assert verbs.index("STARTTLS") < verbs.index("AUTH") < verbs.index("MAIL")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("535 5.7.8 wrong", NO_LOGIN),
        ("534 5.7.9 weak", NO_LOGIN),
        ("454 4.7.0 later", NotSent(NotSentReason.DEFERRED)),
        ("421 4.7.0 too many", NotSent(NotSentReason.DEFERRED)),
    ],
)
def test_a_refused_login_stops_the_batch_and_asks_for_a_person(
    authority: Tls, said: str, meant: Outcome
) -> None:
    with SmtpServer({(Stage.AUTH, 0): answer(said)}, tls=authority.server, login=("crm", "x")) as server:
        assert send(server, TlsMode.STARTTLS, authority.client, 10) == [meant] * 10
        assert server.connections == 1


def test_a_relay_that_offers_no_way_to_log_in_gets_no_mail(authority: Tls) -> None:
    with SmtpServer(tls=authority.server, login=("crm", "x"), mechanisms="GSSAPI") as server:
        assert send(server, TlsMode.STARTTLS, authority.client) == [NO_LOGIN]


def test_a_relay_that_hangs_while_opening_is_left_in_time(authority: Tls) -> None:
    for stage in (Stage.GREETING, Stage.EHLO, Stage.STARTTLS, Stage.AUTH):
        with SmtpServer({(stage, 1): hang}, tls=authority.server, login=("crm", "x")) as server:
            outcomes = send(server, TlsMode.STARTTLS, authority.client, limits=QUICK)
            assert outcomes == [NotSent(NotSentReason.UNREACHABLE)]


@pytest.mark.parametrize(
    "settings",
    [
        {"host": "mail.example", "port": 25, "tls": TlsMode.NONE},
        {"host": "192.0.2.1", "port": 25, "tls": TlsMode.NONE},
        {"host": "mail.example", "port": 587, "username": "crm"},
        {"host": "mail.example", "port": 587, "our_name": "a\r\nb"},
    ],
)
def test_a_relay_outside_without_tls_cannot_be_set(settings: dict[str, object]) -> None:
    with pytest.raises(InvalidSettingsError):
        Relay(**settings)  # type: ignore[arg-type]  # on purpose


def test_a_password_is_not_shown() -> None:
    assert "hunter2" not in repr(Relay("mail.example", 587, username="crm", password="hunter2"))


def test_a_look_says_what_is_wrong_with_the_relay(authority: Tls) -> None:
    with SmtpServer(tls=authority.server, login=("crm", "secret"), reports=True) as server:
        relay = Relay("127.0.0.1", server.port, TlsMode.STARTTLS, "crm", "secret")
        look = SmtpMailer(relay, context=authority.client).look()
        assert look.works
        assert look.words.endswith("TLS starttls, logged in; reports failures by our name for the message")
        assert server.commands[-1] == "QUIT"
        assert server.taken == []
        look = SmtpMailer(relay, context=authority.stranger).look()
        assert (look.works, "does not prove its name" in look.words) == (False, True)
        server.faults[Stage.AUTH, 0] = answer("535 5.7.8 no")
        look = SmtpMailer(relay, context=authority.client).look()
        assert (look.works, "refuses CRM_SMTP_USER" in look.words) == (False, True)
    look = SmtpMailer(relay, context=authority.client).look()
    assert (look.works, "does not answer" in look.words) == (False, True)
    assert "secret" not in look.words
