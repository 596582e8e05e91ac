"""Who meets at the database: four who write, by the real workflows, one who reads long, one who copies it."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import text

from crm.conversations.models import NoteKind
from crm.delivery.event_ports import Report, Reported, SignedPost
from crm.kernel.addresses import EmailAddress
from crm.kernel.clock import monotonic
from crm.privacy import register
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Wish
from crm.queries.inbox.openings import Register
from crm.tracking.openings import Fetch
from crm.workflows.desk.log_note import Said, log_note
from crm.workflows.people.import_prospects import run_imports
from crm.workflows.planning.plan import plan
from crm.workflows.refusals.refuse import Mailbox, refuse
from crm.workflows.reports.apply_events import apply_events
from crm.workflows.reports.keep_events import keep_post
from crm.workflows.reports.note_openings import Noting, note_openings
from crm.workflows.sending.dispatch import PostRoom
from crm.workflows.sending.reap import reap
from tests.crash.stage import address_of
from tests.imports import received, sheet
from tests.locks.part import PAUSE, Part

NOOR = 1
_A_FILE = 200  # rows
_SENT = text(
    "SELECT id, public_id, pixel_id FROM messages WHERE id > :after AND state = 'sent' ORDER BY id LIMIT 40"
)


def planner_and_sender(part: Part) -> None:
    services = part.services
    room = PostRoom(services.database, services.settings, services.clocks, services.mailer)
    while part.goes_on():
        plan(services.database, services.desk, now=services.clocks.calendar())
        reap(services.database, services.clocks)
        part.count("mails", part.send(room, 20).sent)
        time.sleep(PAUSE)


def objector(part: Part) -> None:
    desk = part.services.refusal_desk(patience=0.2)
    for number in part.chance.sample(range(part.people), part.people):
        if not part.goes_on():
            return
        mailbox = Mailbox(register.keys_of(desk.ring, EmailAddress.parse(address_of(number))))
        wish = Wish(
            scope=RefusalScope.ADDRESS, reason=RefusalReason.OBJECTION, channel="page",
            at=part.services.clocks.calendar(),
        )  # fmt: skip
        refuse(desk, mailbox, wish)
        part.count("refusals")
        time.sleep(PAUSE)


def recorder(part: Part) -> None:
    """What the provider posts, and the pixels of what arrived."""
    database, ring, clocks = (
        part.services.database,
        part.services.settings.keys.addresses,
        part.services.clocks,
    )
    noting, seen = Noting(Register(ring)), 0
    while part.goes_on():
        with database.reading() as session:
            rows = session.execute(_SENT, {"after": seen}).all()
        now, real = clocks.calendar(), clocks.real()
        for row in rows:
            seen = row.id
            delivered = Reported(
                report=Report.DELIVERED, word="delivered", reference=row.public_id, happened_at=now,
                says=f"delivered {row.public_id}",
            )  # fmt: skip
            keep_post(database, ring, SignedPost(f"{row.id:064}", [delivered]), now=now, real_now=real)
            fetches = [Fetch(row.pixel_id, now, real, "Mozilla/5.0", None, "")] if row.pixel_id else []
            note_openings(database, noting, fetches)
        part.count("events", apply_events(part.services.refusal_desk(), now=now).applied)
        time.sleep(PAUSE)


def writer(part: Part) -> None:
    """Notes of a colleague, and files they bring in."""
    services, file = part.services, 0
    while part.goes_on():
        for _ in range(20):
            with services.database.transaction() as session:
                said = Said(NoteKind.CALL, "They want to see three pictures first.")
                who = part.chance.randint(1, part.people)
                log_note(session, who, said, by=NOOR, now=services.clocks.calendar())
            part.count("notes")
            time.sleep(PAUSE)
        rows = (f"p{n}@stall{file}-{n}.example;P {n};Stall {file}-{n};NL;Buyer" for n in range(_A_FILE))
        received(services.intake, sheet(*rows))
        run_imports(services.intake, should_stop=part.is_over)
        part.count("files")
        file += 1


def reader(part: Part) -> None:
    """A report that takes long: all of it on one snapshot."""
    queries = [
        text(f"SELECT count(*), max(id) FROM {table}")  # noqa: S608 - names of our own
        for table in ("messages", "prospects", "refusals", "audit_entries", "notes")
    ]
    while part.goes_on():
        end = monotonic() + part.long
        with part.services.database.reading() as session:
            first = [tuple(session.execute(query).one()) for query in queries]
            while monotonic() < end and not part.is_over():
                assert [tuple(session.execute(query).one()) for query in queries] == first
                time.sleep(20 * PAUSE)
        part.count("reports")


def copier(part: Part) -> None:
    """Copies by SQLite's own means; the last one is looked through."""
    path = Path(part.services.settings.database_url.removeprefix("sqlite:///"))
    copy = path.with_name("copy.db")
    while True:
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        part.count("copies")
        if not part.goes_on():
            break
        time.sleep(20 * PAUSE)
    with closing(sqlite3.connect(copy)) as copied:
        assert copied.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert copied.execute("PRAGMA foreign_key_check").fetchall() == []


ROLES: tuple[Callable[[Part], None], ...] = (
    planner_and_sender, objector, recorder, writer, reader, copier,
)  # fmt: skip
WRITERS = ROLES[:4]
