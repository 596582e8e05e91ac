"""Events of a mail provider: signed posts that are believed, kept and applied, a second.

    python scripts/bench/events.py [--events 20000] [--post 500] [--database URL]

A post is what SendGrid sends: JSON in its own form, signed; it goes through the whole door, Flask included.
Each message is reported as processed and as delivered; one in fifty bounces, one in two hundred is called
spam, and a tenth of all events comes twice. Applied means: the state of the message, contact ledger, next
step, address and register are in the database. Without `--database`: SQLite with `synchronous=FULL`, one
process; a URL measures that server, whose database must be empty.
"""

import argparse
import base64
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask.testing import FlaskClient
from sqlalchemy import select, text

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import crm.models  # noqa: F401 - every table
from crm.adapters.sendgrid_hook import SIGNATURE, STAMP
from crm.bootstrap.wiring import build_services
from crm.delivery.models import Message, MessageState
from crm.kernel.clock import Clocks, real_clock
from crm.kernel.ids import new_public_id
from crm.kernel.mail import MailKind, TrackingMode
from crm.services import Services
from crm.web.app import create_app
from crm.workflows.reports.apply_events import apply_events
from scripts.bench import outreach_scene as scene

GOAL = 1_000.0
_KEY = ec.generate_private_key(ec.SECP256R1())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--post", type=int, default=500, help="events in a post")
    parser.add_argument("--database", default="")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rate = measure(Path(folder), chosen.events, chosen.post, chosen.database)
    sys.exit(0 if rate >= GOAL else 1)


def measure(folder: Path, count: int, size: int, url: str) -> float:
    """Fill, post, apply, print; events a second over all of it."""
    settings = replace(
        scene.settings_in(folder, url or f"sqlite:///{folder / 'crm.db'}"), sendgrid_event_keys=(_public(),)
    )
    services = replace(build_services(settings), clocks=Clocks(calendar=real_clock))
    people = count * 10 // 22
    names = _fill(services, people)
    events = list(_events(names))[:count]
    posts = [events[start : start + size] for start in range(0, len(events), size)]
    bodies = [_body(post) for post in posts]
    client = create_app(services).test_client()
    _post(client, _body(events[:20]))  # the calendars of all countries are loaded once a process
    start, worked = time.perf_counter(), time.process_time()
    longest = max(_post(client, body) for body in bodies)
    kept = time.perf_counter() - start
    apply_events(services.refusal_desk(), now=services.clocks.calendar(), most=10**9)
    took, worked = time.perf_counter() - start, time.process_time() - worked
    print("| what | measured | of the goal |\n|---|---|---|")
    rate, per_core = len(events) / took, len(events) / worked
    print(f"| events applied a second, {_dialect(services)} | {rate:,.0f} | {rate / GOAL:.2f} |")
    print(f"| (a second of this process's own work) | {per_core:,.0f} | |")
    print(f"| (answered after {kept:.1f} of {took:.1f} s; the longest answer) | {longest * 1e3:.0f} ms | |")
    print(f"| (states left) | {_states(services)} | |")
    services.database.dispose()
    return rate


def _post(client: FlaskClient, body: bytes) -> float:
    """Seconds until the answer."""
    begun = time.perf_counter()
    answer = client.post("/hooks/sendgrid", data=body, headers=_signed(body))
    assert answer.status_code == 200, answer.data
    return time.perf_counter() - begun


def _fill(services: Services, people: int) -> list[str]:
    """Messages that were handed over, and of which nothing was heard."""
    scene.fill(services.settings, due=people, refused_each=people * 2)
    names = [new_public_id() for _ in range(people)]
    at = services.clocks.calendar()
    with services.database.transaction() as session:
        connection = session.connection()
        found = connection.execute(text("SELECT id, address_digest FROM prospects"))
        addresses: dict[int, str] = {row.id: row.address_digest for row in found}
        rows = [
            {
                "public_id": name, "kind": MailKind.OUTREACH, "prospect_id": number, "enrolment_id": number,
                "step_id": 1, "mailbox_id": 1, "address_digest": addresses[number],
                "recipient": f"info@winkel{number}.example", "sender": "b+x@outreach.produfoto.example",
                "subject_line": "Foto's", "state": MessageState.UNCERTAIN, "due_at": at, "planned_at": at,
                "changed_at": at, "attempt": 1, "outcome": "", "notice_version": "", "first_contact": True,
                "tracking": TrackingMode.OFF, "decision": {},
            }
            for number, name in enumerate(names, 1)
        ]  # fmt: skip
        connection.execute(Message.metadata.tables["messages"].insert(), rows)
    return names


def _events(names: Sequence[str]) -> Iterator[dict[str, Any]]:
    chance = random.Random(7)  # noqa: S311 - the same world each time
    now = int(real_clock().timestamp())
    for number, name in enumerate(names, 1):
        last = {"event": "delivered", "response": "250 2.0.0 OK"}
        if number % 50 == 0:
            last = {"event": "bounce", "type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 unknown"}
        if number % 200 == 1:
            last = {"event": "spamreport"}
        for more in ({"event": "processed"}, last):
            event = {
                "email": f"info@winkel{number}.example", "timestamp": now - chance.randint(1, 600),
                "sg_event_id": new_public_id(), "sg_message_id": f"{name[:22]}.filter-0",
                "category": "outreach", "crm_message_id": name, **more,
            }  # fmt: skip
            yield event
            if chance.random() < 0.1:
                yield event


def _body(events: Sequence[dict[str, Any]]) -> bytes:
    return ("[" + ",\r\n".join(json.dumps(event) for event in events) + "]\r\n").encode()


def _signed(body: bytes) -> dict[str, str]:
    stamp = str(int(time.time()))  # noqa: TID251 - as SendGrid does
    signature = _KEY.sign(stamp.encode() + body, ec.ECDSA(SHA256()))
    return {SIGNATURE: base64.b64encode(signature).decode(), STAMP: stamp}


def _public() -> str:
    der = _KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def _dialect(services: Services) -> str:
    return services.database.engine.dialect.name


def _states(services: Services) -> str:
    with services.database.reading() as session:
        return ", ".join(sorted(set(session.scalars(select(Message.state)))))


if __name__ == "__main__":
    main()
