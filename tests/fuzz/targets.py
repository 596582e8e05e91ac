"""What reads bytes from outside: each with some that are sound, and the errors it may answer with (T12)."""

import contextlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flask import Flask, request

from crm.adapters.sendgrid_events import read_events
from crm.compose.faults import MissingValueError, TemplateFaultError
from crm.compose.lint import lint
from crm.compose.template import Template
from crm.delivery.event_ports import UnreadablePostError
from crm.kernel.addresses import EmailAddress
from crm.kernel.errors import InvalidAddressError, InvalidLinkError
from crm.kernel.links import LinkRing
from crm.prospects.reading.faults import FileFault
from crm.prospects.reading.mapping import guess
from crm.prospects.reading.table import open_table
from crm.replies.classify import classify
from crm.replies.reading import read
from crm.web.public import languages
from tests.conftest import NOW
from tests.replies.mails import CORPUS
from tests.servers.events import event

_LINKS: Final = LinkRing(["a key of forty characters, for tests only"], purpose="fuzz")
_APP: Final = Flask(__name__)
_ROWS: Final = 200
_EXPORT: Final = "Naam;E-mail;Bedrijf;Land\nZoë Bakker;zoe@winkel.example;Winkel B.V.;NL\n"
_HEADERS: Final = ("de-CH,de;q=0.9,en;q=0.5", "nl", "*;q=0", "crm=abc; __Host-crm=QUJD; x")


@dataclass(frozen=True, slots=True)
class Target:
    """One reader. Whatever else it raises than `answers`, or a second of thought, is a fault of ours."""

    run: Callable[[bytes], object]
    seeds: Callable[[], list[bytes]]
    answers: tuple[type[Exception], ...] = ()

    def __call__(self, data: bytes) -> None:
        """Read it; only what is no answer comes out."""
        with contextlib.suppress(*self.answers):
            self.run(data)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _table(data: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(data)
        table = open_table(Path(file.name))
        guess(table.headers)
        for number, _ in enumerate(table.rows()):
            if number == _ROWS:
                break


def _template(data: bytes) -> None:
    subject, _, body = _text(data).partition("\n")
    faults = lint(subject, body)
    if not any(one.severity.value == "error" for one in faults):
        Template.compile(body).render({"first_name": "Zoë", "company": "Winkel", "sender_name": "Noor"})


def _header(data: bytes) -> None:
    value = data.decode("latin-1")
    heard = {"HTTP_ACCEPT_LANGUAGE": value, "HTTP_COOKIE": value}
    with _APP.test_request_context("/", environ_overrides=heard):
        languages.language()
        dict(request.cookies)


def _events() -> list[bytes]:
    said = event("bounce", "a" * 26, at=NOW, type="bounce", status="5.1.1")
    return [json.dumps([said]).encode(), b'[{"event":"open","timestamp":1}]']


TARGETS: Final = {
    "address": Target(
        lambda data: EmailAddress.parse(_text(data)),
        lambda: ["Zoë <zoe@bücher.example>;".encode(), b"mailto:a.b+c@x.example", b'"a b"@x.example'],
        (InvalidAddressError,),
    ),
    "mail": Target(
        lambda data: classify(read(data), received=NOW.date()),
        lambda: [path.read_bytes() for path in sorted(CORPUS.glob("*.eml"))],
    ),
    "table": Target(
        _table,
        lambda: [_EXPORT.encode(), _EXPORT.encode("utf-16"), _EXPORT.replace(";", "\t").encode("cp1252")],
        (FileFault,),
    ),
    "events": Target(lambda data: read_events(data, now=NOW), _events, (UnreadablePostError,)),
    "template": Target(
        _template,
        lambda: [b"Foto's voor {{company}}\nDag {{first_name|daar}},\n\nGroet, {{sender_name}}", b"{a}}\n{{"],
        (MissingValueError, TemplateFaultError),
    ),
    "link": Target(
        lambda data: _LINKS.read(_text(data)),
        lambda: [_LINKS.sign(b"27 bytes of somebody's link").encode()],
        (InvalidLinkError,),
    ),
    "header": Target(_header, lambda: [one.encode("latin-1") for one in _HEADERS]),
}
