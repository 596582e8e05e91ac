"""The lean way to send, as a yardstick: no gate, no lint, no lease, no cap, one table scan's worth of rules.

Claim two hundred due steps, look each address up in a list of refusals, render two templates, fill a message
skeleton, write a row, hand over with a pipelined envelope, write the result and the next step. SQLite with
`synchronous=NORMAL`. What the real path does beyond this is what the ratio shows.
"""

import base64
import smtplib
import socket
import sqlite3
from email.header import Header
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment

from crm.kernel.clock import real_clock

NOW = 1_800_000_000
BATCH = 200
SENDER = "sam@sender.example"

_ROWS = """
CREATE TABLE prospect (id INTEGER PRIMARY KEY, email TEXT UNIQUE, name TEXT, company TEXT, site TEXT);
CREATE TABLE refusal (email TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE enrolment (
    id INTEGER PRIMARY KEY, prospect_id INTEGER, step INTEGER, state TEXT, due_at INTEGER
);
CREATE TABLE message (
    id INTEGER PRIMARY KEY, enrolment_id INTEGER NOT NULL, token TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL, at REAL NOT NULL
);
CREATE INDEX ix_due ON enrolment (state, due_at);
CREATE INDEX ix_message ON message (enrolment_id);
"""
_CLAIM = """
UPDATE enrolment SET state = 'claimed'
 WHERE id IN (SELECT id FROM enrolment WHERE state = 'active' AND due_at <= ? ORDER BY due_at LIMIT ?)
RETURNING id
"""
_LOAD = """
SELECT e.id, p.email, p.name, p.company, p.site, r.email IS NOT NULL
  FROM enrolment e JOIN prospect p ON p.id = e.prospect_id LEFT JOIN refusal r ON r.email = p.email
 WHERE e.id IN (SELECT value FROM json_each(?))
"""
_PARAGRAPH = (
    "Ik zag dat {{ company }} het assortiment uitbreidt. Productfoto's maken kost dan al snel een dag per"
    " week, en juist die dagen ontbreken in een drukke maand."
)
_TEXT = "\n\n".join(
    ["Dag {{ name }},", *[_PARAGRAPH] * 5, "{{ site }}", "Stop: https://x.example/u/{{ token }}"]
)
_HTML = "<html><body>" + "".join(f"<p>{one}</p>" for one in _TEXT.split("\n\n")) + "</body></html>"
_HEAD = (
    "From: Sam <{sender}>\r\nTo: <{to}>\r\nSubject: {subject}\r\nDate: {date}\r\n"
    "Message-ID: <{token}@sender.example>\r\nList-Unsubscribe: <https://x.example/u/{token}>\r\n"
    "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/alternative; boundary="=={token}=="\r\n\r\n'
)
_PART = (
    '--=={token}==\r\nContent-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
)


def connect(path: Path) -> sqlite3.Connection:
    """A connection as the yardstick has it."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=60)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def fill(path: Path, due: int) -> None:
    """As many due steps as the real path gets, every fiftieth of them refused."""
    connection = connect(path)
    connection.executescript(_ROWS)
    connection.execute("BEGIN")
    people = (
        (n, f"info@winkel{n}.example", "Anna", f"Winkel {n}", f"www.winkel{n}.example")
        for n in range(1, due + 1)
    )
    connection.executemany("INSERT INTO prospect VALUES (?, ?, ?, ?, ?)", people)
    connection.execute("INSERT INTO refusal SELECT email FROM prospect WHERE id % 50 = 0")
    steps = ((n, n, NOW - 5) for n in range(1, due + 1))
    connection.executemany("INSERT INTO enrolment VALUES (?, ?, 0, 'active', ?)", steps)
    connection.execute("COMMIT")
    connection.close()


class Writer:
    """Two templates and a skeleton."""

    def __init__(self) -> None:
        plain, html = Environment(autoescape=False), Environment(autoescape=True)  # noqa: S701 - text is text
        self._text, self._html = plain.from_string(_TEXT), html.from_string(_HTML)

    def write(self, values: dict[str, Any]) -> bytes:
        """The bytes of one message."""
        token = values["token"]
        subject = f"Foto's voor {values['company']}"
        head = _HEAD.format(
            sender=SENDER,
            to=values["email"],
            token=token,
            date=format_datetime(real_clock()),
            subject=subject if subject.isascii() else Header(subject, "utf-8").encode(),
        )
        parts = (("plain", self._text.render(values)), ("html", self._html.render(values)))
        body = b"".join(
            _PART.format(token=token, kind=kind).encode()
            + base64.encodebytes(text.encode()).replace(b"\n", b"\r\n")
            for kind, text in parts
        )
        return head.encode() + body + f"--=={token}==--\r\n".encode()


class Pipelined:
    """Envelope in one write, body in another (RFC 2920)."""

    def __init__(self, port: int) -> None:
        self._client = smtplib.SMTP("127.0.0.1", port, local_hostname="bench.example")
        self._client.ehlo()
        assert self._client.sock
        self._socket: socket.socket = self._client.sock
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, to: str, wire: bytes) -> None:
        """Hand one message over; anything but a yes ends the run."""
        self._socket.sendall(f"MAIL FROM:<{SENDER}>\r\nRCPT TO:<{to}>\r\nDATA\r\n".encode())
        codes = [self._client.getreply()[0] for _ in range(3)]
        self._socket.sendall(wire.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        if codes != [250, 250, 354] or self._client.getreply()[0] != 250:
            raise SystemExit("The sink did not take a message.")

    def close(self) -> None:
        """Say goodbye."""
        self._client.close()


def send_everything(path: Path, port: int) -> None:
    """One process, until nothing is due any more."""
    connection, writer, relay = connect(path), Writer(), Pipelined(port)
    while True:
        connection.execute("BEGIN IMMEDIATE")
        ids = [row[0] for row in connection.execute(_CLAIM, (NOW, BATCH)).fetchall()]
        if not ids:
            connection.execute("COMMIT")
            break
        todo, fresh = [], []
        for number, email, name, company, site, refused in connection.execute(_LOAD, (str(ids),)).fetchall():
            token = f"tk{number:032x}"
            fresh.append((number, token, "refused" if refused else "sending", NOW))
            if not refused:
                todo.append({"email": email, "name": name, "company": company, "site": site, "token": token})
        connection.executemany(
            "INSERT INTO message (enrolment_id, token, status, at) VALUES (?, ?, ?, ?)", fresh
        )
        connection.execute("COMMIT")
        for values in todo:
            relay.send(values["email"], writer.write(values))
        done = [("sent", NOW, values["token"]) for values in todo]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("UPDATE message SET status = ?, at = ? WHERE token = ?", done)
        connection.executemany(
            "UPDATE enrolment SET state = 'active', step = step + 1, due_at = ? WHERE id = ?",
            [(NOW + 86_400, number) for number in ids],
        )
        connection.execute("COMMIT")
    relay.close()
    connection.close()


def sent(path: Path) -> int:
    """How many were sent."""
    with connect(path) as connection:
        count: int = connection.execute("SELECT count(*) FROM message WHERE status = 'sent'").fetchone()[0]
    return count
