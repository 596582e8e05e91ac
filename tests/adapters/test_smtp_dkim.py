"""The relay we recommend signs what mail programs decide by, says a verifier that is not the signer's."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dkim
import pytest

from crm.adapters.smtp import SmtpMailer
from crm.adapters.smtp_session import Relay, TlsMode
from crm.delivery.ports import Accepted
from tests.envelopes import envelope
from tests.servers import opendkim, postfix
from tests.servers.opendkim import OpenDkim
from tests.servers.postfix import Postfix

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("postfix")]

DOMAIN = "outreach.example"
GOLDEN = Path(__file__).parents[1] / "compose" / "golden"
Change = Callable[[dict[str, str]], Mapping[str, str]]


@dataclass(frozen=True)
class Signing:
    """A relay that signs, and what the name system says about its key."""

    relay: Postfix
    signer: OpenDkim

    def signed(self, wire: bytes | None = None) -> bytes:
        """A mail as it lies in the recipient's box, with lines as on the wire."""
        self.relay.clear()
        mailer = SmtpMailer(Relay("127.0.0.1", self.relay.port, TlsMode.NONE))
        assert isinstance(mailer.send([envelope(1, wire_bytes=wire)])[0], Accepted)
        mailer.close()
        return self.relay.wait_for(1)[0].replace(b"\n", b"\r\n")


@contextmanager
def signing(change: Change = lambda lines: lines) -> Iterator[Signing]:
    with (
        opendkim.milter(DOMAIN, change) as signer,
        postfix.server(here="winkel1.example", more=signer.postfix_lines) as relay,
    ):
        yield Signing(relay, signer)


@pytest.fixture(scope="module")
def recommended() -> Iterator[Signing]:
    with signing() as found:
        yield found


@pytest.fixture(scope="module")
def mail(recommended: Signing) -> tuple[bytes, OpenDkim]:
    return recommended.signed(), recommended.signer


def holds(raw: bytes, signer: OpenDkim) -> bool:
    return bool(dkim.verify(raw, dnsfunc=signer.dns, minkey=2048))


def without(raw: bytes, name: bytes) -> bytes:
    head, end, body = raw.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(name.lower() + b":")]
    assert len(lines) == len(head.split(b"\r\n")) - 1
    return b"\r\n".join(lines) + end + body


def with_another(raw: bytes, line: bytes) -> bytes:
    """On top, where a verifier that reads from below does not come to it."""
    return line + b"\r\n" + raw


def test_the_delivered_mail_verifies(mail: tuple[bytes, OpenDkim]) -> None:
    assert holds(*mail)


def test_the_signature_is_in_line_with_the_sender(mail: tuple[bytes, OpenDkim]) -> None:
    raw, _ = mail
    tag = postfix.read(raw)["DKIM-Signature"].replace(" ", "")
    assert f"d={DOMAIN};" in tag
    assert "a=rsa-sha256;" in tag
    assert "c=relaxed/relaxed;" in tag
    assert "l=" not in {part.strip()[:2] for part in tag.split(";")}


def signed_headers(raw: bytes) -> Counter[str]:
    """How often each header is in `h=`; once more than it is there means that no further one may come."""
    tags = dict(
        tag.strip().split("=", 1) for tag in postfix.read(raw)["DKIM-Signature"].split(";") if tag.strip()
    )
    return Counter("".join(tags["h"].split()).lower().split(":"))


def test_what_a_mail_program_decides_by_is_signed_and_signed_to_be_the_only_one(
    mail: tuple[bytes, OpenDkim],
) -> None:
    """dkimpy takes a second From for a forgery by itself; other verifiers go by `h=` alone."""
    found = signed_headers(mail[0])
    decisive = ("from", "subject", "list-unsubscribe", "list-unsubscribe-post")
    assert [found[name] for name in decisive] == [2, 2, 2, 2]


@pytest.mark.parametrize(
    "name", [b"List-Unsubscribe-Post", b"List-Unsubscribe", b"Subject", b"Reply-To", b"Message-ID", b"Date"]
)
def test_a_header_taken_out_on_the_way_breaks_it(mail: tuple[bytes, OpenDkim], name: bytes) -> None:
    raw, signer = mail
    assert not holds(without(raw, name), signer)


@pytest.mark.parametrize(
    "line",
    [
        b"From: Somebody Else <else@winkel.example>",
        b"Subject: Another one",
        b"List-Unsubscribe: <https://winkel.example/u/x>",
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    ],
    ids=lambda line: line.partition(b":")[0].decode(),
)
def test_a_second_header_put_in_front_breaks_it(mail: tuple[bytes, OpenDkim], line: bytes) -> None:
    raw, signer = mail
    assert not holds(with_another(raw, line), signer)


def test_a_changed_body_breaks_it(mail: tuple[bytes, OpenDkim]) -> None:
    raw, signer = mail
    assert not holds(raw.replace(b"vraag", b"vraog"), signer)


def test_trace_headers_of_later_servers_do_not_break_it(mail: tuple[bytes, OpenDkim]) -> None:
    raw, signer = mail
    assert holds(
        with_another(raw, b"Received: from a.example by b.example; Mon, 02 Mar 2026 10:00:00 +0100"), signer
    )


@pytest.mark.parametrize("language", ["nl", "de", "fr", "en"])
def test_our_letters_in_every_language_verify(recommended: Signing, language: str) -> None:
    wire = (GOLDEN / f"first.{language}.eml").read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    raw = recommended.signed(wire.replace(b"foto.example", DOMAIN.encode()))
    assert holds(raw, recommended.signer)
    assert not holds(without(raw, b"List-Unsubscribe-Post"), recommended.signer)


def test_without_the_recommended_lines_both_would_pass() -> None:
    """The lines are what does it: a signer's defaults leave the button and the first headers to anybody."""
    defaults = ("SignHeaders", "OversignHeaders")
    with signing(lambda lines: {name: lines[name] for name in lines if name not in defaults}) as spoilt:
        raw = spoilt.signed()
        assert holds(raw, spoilt.signer)
        assert holds(without(raw, b"List-Unsubscribe-Post"), spoilt.signer)
        assert holds(with_another(raw, b"Subject: Another one"), spoilt.signer)
        assert signed_headers(raw)["from"] == 1
