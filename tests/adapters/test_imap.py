"""Inbound mail in a real Dovecot: called at once, read once, in private, and never held up by one message."""

import logging
import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from crm.adapters.imap import ImapInbox
from crm.adapters.imap_kept import Limits
from crm.adapters.imap_session import ImapPlace
from crm.adapters.smtp_session import TlsMode
from crm.kernel.clock import monotonic
from crm.kernel.errors import InvalidSettingsError
from crm.replies.ports import CUT, SIZE_LIMIT
from tests.servers import dovecot
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.tls import Tls

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("dovecot")]

QUICK = Limits(opening=5, command=5, message=20, back_off=0.05, longest=0.2)


def never() -> bool:
    return False


def mail(subject: str, text: str = "Dag") -> bytes:
    head = f"From: anna@winkel.example\r\nSubject: {subject}\r\nMessage-ID: <{subject}@w>\r\n"
    return f"{head}\r\n{text}\r\n".encode()


@pytest.fixture(scope="module")
def _server(authority: Tls) -> Iterator[Dovecot]:
    with dovecot.server(authority) as server:
        yield server


@pytest.fixture
def server(_server: Dovecot) -> Dovecot:
    _server.empty()
    return _server


@pytest.fixture
def inbox(server: Dovecot, authority: Tls) -> Iterator[ImapInbox]:
    inbox = ImapInbox(server.place, context=authority.client, limits=QUICK)
    yield inbox
    inbox.close()


def subjects(inbox: ImapInbox) -> list[str]:
    found = []
    for key, raw in inbox.unseen():
        found.append(next(line for line in raw.decode().split("\r\n") if line.startswith("Subject:"))[9:])
        inbox.keep(key)
    return found


@pytest.mark.parametrize("tls", [TlsMode.IMPLICIT, TlsMode.STARTTLS])
def test_mail_is_read_under_tls(server: Dovecot, authority: Tls, tls: TlsMode) -> None:
    server.append(mail("een"))
    port = server.tls_port if tls is TlsMode.IMPLICIT else server.port
    inbox = ImapInbox(replace(server.place, port=port, tls=tls), context=authority.client)
    assert subjects(inbox) == ["een"]
    inbox.close()
    assert "TLS, session" in [line for line in server.log().splitlines() if "Login:" in line][-1]


@pytest.mark.parametrize("tls", [TlsMode.IMPLICIT, TlsMode.STARTTLS])
@pytest.mark.parametrize("fault", ["unknown authority", "another name"])
def test_a_server_that_does_not_prove_its_name_hears_no_password(
    server: Dovecot, authority: Tls, tls: TlsMode, fault: str
) -> None:
    server.append(mail("een"))
    logins = server.log().count("Login:")
    place = replace(server.place, port=server.tls_port if tls is TlsMode.IMPLICIT else server.port, tls=tls)
    stranger = fault == "unknown authority"
    inbox = ImapInbox(
        place if stranger else replace(place, host="localhost"),
        context=authority.stranger if stranger else authority.client,
    )
    assert "does not prove" in inbox.look().words
    assert list(inbox.unseen()) == []
    assert server.log().count("Login:") == logins


def test_mail_is_never_read_in_the_open_from_elsewhere() -> None:
    with pytest.raises(InvalidSettingsError, match="under TLS only"):
        ImapPlace("imap.produfoto.example", 143, "post", "secret", TlsMode.NONE)
    assert "secret" not in repr(ImapPlace("imap.produfoto.example", 993, "post", "secret"))


def called_after(server: Dovecot, inbox: ImapInbox) -> float:
    """Seconds from the arrival of a mail to the call; without a call the mail is there at the next look."""
    came: list[float] = []

    def deliver() -> None:
        threading.Event().wait(0.7)  # until it idles
        client = server.client()
        client.append("INBOX", mail("stop"))
        came.append(monotonic())
        client.logout()

    thread = threading.Thread(target=deliver)
    thread.start()
    called = inbox.wait(20, never)
    after = monotonic()
    thread.join()
    assert subjects(inbox) == ["stop"]
    return after - came[0] if called else math.inf


def test_a_new_mail_is_called_out_within_a_second(server: Dovecot, inbox: ImapInbox) -> None:
    """Looking again would take five: a busy machine has three tries."""
    assert subjects(inbox) == []
    assert any(called_after(server, inbox) < 1 for _ in range(3))


def test_a_mail_that_came_before_the_waiting_is_not_waited_for(server: Dovecot, inbox: ImapInbox) -> None:
    assert subjects(inbox) == []
    server.append(mail("een"))
    start = monotonic()
    assert inbox.wait(20, never)
    assert monotonic() - start < 15


def test_waiting_ends_when_told_to_stop_and_when_nothing_comes(inbox: ImapInbox) -> None:
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    start = monotonic()
    assert not inbox.wait(20, stop.is_set)
    assert not inbox.wait(0.3, never)
    assert monotonic() - start < 15


def test_a_server_that_cannot_call_is_asked_again(authority: Tls) -> None:
    with dovecot.server(authority, more=["imap_capability = IMAP4rev1 UIDPLUS AUTH=PLAIN"]) as server:
        inbox = ImapInbox(server.open_place, limits=replace(QUICK, poll=0.3))
        assert "asked every few seconds" in inbox.look().words
        start = monotonic()
        assert inbox.wait(20, never)
        assert monotonic() - start < 15
        server.append(mail("een"))
        assert subjects(inbox) == ["een"]
        inbox.close()


def test_a_connection_cut_while_waiting_is_opened_anew(server: Dovecot, inbox: ImapInbox) -> None:
    assert subjects(inbox) == []
    threading.Timer(0.5, server.hang_up).start()
    inbox.wait(1.5, never)
    server.append(mail("een"))
    assert subjects(inbox) == ["een"]


def test_a_connection_cut_between_reading_and_marking_costs_nothing(
    server: Dovecot, inbox: ImapInbox
) -> None:
    server.append(*(mail(f"{number}") for number in range(4)))
    seen = []
    for key, _ in inbox.unseen():
        server.hang_up()
        seen.append(inbox.keep(key))
    assert seen == [True] * 4
    assert list(inbox.unseen()) == []


def test_a_mark_is_not_set_on_another_mail_that_took_the_number(server: Dovecot, inbox: ImapInbox) -> None:
    server.append(mail("een"), mail("twee"))
    key = next(inbox.unseen())[0]
    server.make_anew()
    assert not inbox.keep(key)
    assert subjects(inbox) == ["een", "twee"]


def test_people_may_read_and_the_program_reads_as_well(server: Dovecot, inbox: ImapInbox) -> None:
    server.append(mail("een"))
    client = server.client()
    client.add_flags(client.search(), [b"\\Seen", b"\\Answered"])
    client.logout()
    assert subjects(inbox) == ["een"]
    server.append(mail("twee"))
    assert subjects(inbox) == ["twee"]
    assert b"\\Seen" not in server.mails()[max(server.mails())][1]


def test_removing_what_was_stored_takes_nothing_else(server: Dovecot, authority: Tls) -> None:
    server.append(mail("een"), mail("twee"))
    client = server.client()
    second = max(client.search())
    client.delete_messages([second])  # by somebody who has not thrown it out yet
    client.logout()
    inbox = ImapInbox(replace(server.place, delete=True), context=authority.client, limits=QUICK)
    assert inbox.keep(next(inbox.unseen())[0])
    assert set(server.mails()) == {second}
    assert subjects(inbox) == ["twee"]
    assert server.mails() == {}
    inbox.close()


def test_what_was_stored_and_not_removed_is_removed_later(server: Dovecot, authority: Tls) -> None:
    server.append(mail("een"), mail("twee"))
    client = server.client()
    client.add_flags([min(client.search())], ["$CrmStored"])  # and then somebody was killed
    client.logout()
    inbox = ImapInbox(replace(server.place, delete=True), context=authority.client, limits=QUICK)
    ((_, raw),) = inbox.unseen()
    assert raw == mail("twee")
    assert [raw for raw, _ in server.mails().values()] == [mail("twee")]
    inbox.close()


def test_of_a_monstrous_mail_the_beginning_is_read(server: Dovecot, inbox: ImapInbox) -> None:
    server.append(
        mail("groot", "stop\r\n" + "x" * 70 + "\r\n" + ("y" * 76 + "\r\n") * (SIZE_LIMIT // 78 + 1))
    )
    ((_, raw),) = inbox.unseen()
    assert raw.startswith(b"X-Crm-Cut: ")
    assert b"Subject: groot\r\n" in raw
    assert b"\r\n\r\nstop\r\n" in raw
    assert len(raw) < CUT + 100


def test_a_mail_that_never_comes_does_not_hold_up_the_ones_behind_it(
    server: Dovecot, inbox: ImapInbox, caplog: pytest.LogCaptureFixture
) -> None:
    server.append(mail("kapot"), mail("heel"))
    stored = (server.root / "mail" / "cur").iterdir()
    [broken] = [path for path in stored if b"kapot" in path.read_bytes()]
    broken.chmod(0)
    end = monotonic() + 20
    found: list[str] = []
    while not found and monotonic() < end:
        found = subjects(inbox)
        threading.Event().wait(0.1)
    assert found == ["heel"]
    assert "does not come" in caplog.text
    assert "1 not read yet" in inbox.look().words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda place: replace(place, password="wrong"), "CRM_IMAP_USER is refused"),
        (lambda place: replace(place, folder="Nergens"), "there is no folder Nergens"),
        (lambda place: replace(place, port=1), "does not answer"),
    ],
)
def test_what_is_wrong_is_said_and_tried_no_sooner_than_is_wise(
    server: Dovecot,
    authority: Tls,
    caplog: pytest.LogCaptureFixture,
    change: Callable[[ImapPlace], ImapPlace],
    words: str,
) -> None:
    patient = replace(QUICK, back_off=60, longest=60)
    inbox = ImapInbox(change(server.place), context=authority.client, limits=patient)
    assert words in inbox.look().words
    for _ in range(3):
        assert list(inbox.unseen()) == []
        assert not inbox.keep("1.1")
        assert not inbox.wait(0.2, never)
    assert caplog.text.count("cannot be read") == 1


def test_nothing_of_a_mail_or_a_password_is_logged(
    server: Dovecot, inbox: ImapInbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.append(mail("geheim-onderwerp", "geheime tekst"))
    assert subjects(inbox) == ["geheim-onderwerp"]
    inbox.close()
    for trace in ("anna@", "winkel.example", "geheim", PASSWORD, PASSWORD[:10]):
        assert trace not in caplog.text
