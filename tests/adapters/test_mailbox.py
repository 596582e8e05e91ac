"""The mailbox mailer, its journal, and the page's look into it."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import pytest

from crm.adapters.mailbox import JOURNAL, Journal, MailboxMailer
from crm.adapters.mailbox_viewer import MaildirViewer
from crm.adapters.maildir import Maildir
from crm.delivery.ports import Accepted, NotSent, NotSentReason, Outcome
from tests.envelopes import envelope, envelopes, wire

ROOT = Path(__file__).resolve().parents[2]


def test_the_message_lies_there_as_its_last_server_leaves_it(tmp_path: Path) -> None:
    MailboxMailer(tmp_path).send([envelope(1)])
    assert (tmp_path / "new" / envelope(1).public_id).read_bytes() == (
        b"Return-Path: <b+token1@bounce.outreach.example>\r\nDelivered-To: inkoop1@winkel1.example\r\n"
        + envelope(1).wire
    )
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_message_handed_over_twice_lies_there_once_and_shows_in_the_journal(tmp_path: Path) -> None:
    mailer = MailboxMailer(tmp_path)
    mailer.send([envelope(1)])
    (tmp_path / "new" / envelope(1).public_id).rename(tmp_path / "cur" / f"{envelope(1).public_id}:2,S")
    assert mailer.send([envelope(1)]) == [Accepted(envelope(1).public_id)]
    assert len(MaildirViewer(tmp_path).newest()) == 1
    assert [(line.public_id, line.again) for line in mailer.journal.read()] == [
        (envelope(1).public_id, False),
        (envelope(1).public_id, True),
    ]


def test_the_journal_names_no_person(tmp_path: Path) -> None:
    MailboxMailer(tmp_path).send(envelopes(3))
    text = (tmp_path / JOURNAL).read_text()
    assert len(text.splitlines()) == 3
    assert "winkel" not in text
    assert set(json.loads(text.splitlines()[0])) == {"public_id", "sha256", "again"}


def test_half_a_line_of_a_killed_process_spoils_no_other(tmp_path: Path) -> None:
    mailer = MailboxMailer(tmp_path)
    mailer.send([envelope(1)])
    with (tmp_path / JOURNAL).open("ab") as file:
        file.write(b'{"public_id": "mess')
    mailer.send([envelope(2)])
    assert [line.public_id for line in Journal(tmp_path / JOURNAL).read()] == [
        envelope(1).public_id,
        envelope(2).public_id,
    ]


def _send_some(folder: Path, worker: int) -> int:
    mailer = MailboxMailer(folder)
    return sum(len(mailer.send([envelope(worker * 100 + number)])) for number in range(25))


def test_several_processes_write_one_journal(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        list(pool.map(_send_some, [tmp_path] * 4, range(1, 5)))
    seen = Counter(line.public_id for line in Journal(tmp_path / JOURNAL).read())
    assert len(seen) == 100
    assert set(seen.values()) == {1}
    assert len(list((tmp_path / "new").iterdir())) == 100


def _send_with_a_small_disk(folder: Path) -> list[Outcome]:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
    big = envelope(2, wire_bytes=wire("a@b.example", text="line\n" * 2000))
    return MailboxMailer(folder).send([envelope(1), big, envelope(3)])


def test_a_full_disk_is_not_sent_and_leaves_nothing(tmp_path: Path) -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        outcomes = pool.submit(_send_with_a_small_disk, tmp_path).result()
    assert outcomes[1] == NotSent(NotSentReason.NO_SPACE)
    assert isinstance(outcomes[0], Accepted)
    assert isinstance(outcomes[2], Accepted)
    assert {line.public_id for line in Journal(tmp_path / JOURNAL).read()} == {
        envelope(1).public_id,
        envelope(3).public_id,
    }
    assert list((tmp_path / "tmp").iterdir()) == []
    assert len(MaildirViewer(tmp_path).newest()) == 2


def test_the_folder_is_for_our_eyes_only(tmp_path: Path) -> None:
    MailboxMailer(tmp_path / "mail").send([envelope(1)])
    for room in ("new", "cur", "tmp"):
        assert (tmp_path / "mail" / room).stat().st_mode & 0o077 == 0
    assert (tmp_path / "mail" / JOURNAL).stat().st_mode & 0o077 == 0


def test_newest_first_by_recipient_and_page_by_page(tmp_path: Path) -> None:
    mailer = MailboxMailer(tmp_path)
    for number in range(1, 8):
        one = envelope(number, recipient="Inkoop@winkel.example" if number % 2 else "sales@shop.example")
        mailer.send([one])
        os.utime(tmp_path / "new" / one.public_id, (number, number))
    viewer = MaildirViewer(tmp_path)
    assert [mail.key for mail in viewer.newest()] == [envelope(n).public_id for n in (7, 6, 5, 4, 3, 2, 1)]
    page = viewer.newest(recipient="inkoop@WINKEL.example", limit=2)
    assert [mail.key for mail in page] == [envelope(7).public_id, envelope(5).public_id]
    rest = viewer.newest(recipient="inkoop@winkel.example", before=page[-1].key)
    assert [mail.key for mail in rest] == [envelope(3).public_id, envelope(1).public_id]
    assert page[0].subject == "Productfoto's voor één winkel"
    assert page[0].recipient == "Inkoop@winkel.example"
    assert page[0].sent_at == datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_a_mail_is_dated_as_it_says(tmp_path: Path) -> None:
    """Files are made on the real clock; a demo's calendar is another."""
    dates = [b"Thu, 03 Dec 2026 09:25:51 +0100", b"Thu, 03 Dec 2026 08:25:51 -0000", b"yesterday", b""]
    for number, date in enumerate(dates, start=1):
        one = envelope(number, wire_bytes=b"Date: " + date + b"\r\n" + wire("a@b.example"))
        MailboxMailer(tmp_path).send([one])
        os.utime(tmp_path / "new" / one.public_id, (number, number))
    told = [mail.sent_at for mail in MaildirViewer(tmp_path).newest()]
    moment = datetime(2026, 12, 3, 8, 25, 51, tzinfo=UTC)
    assert told == [datetime.fromtimestamp(4, UTC), datetime.fromtimestamp(3, UTC), moment, moment]


def test_reading_and_removing_by_key(tmp_path: Path) -> None:
    MailboxMailer(tmp_path).send(envelopes(3))
    viewer = MaildirViewer(tmp_path)
    key = envelope(2).public_id
    assert (viewer.read(key) or b"").endswith(envelope(2).wire)
    assert viewer.remove([key, key, "unknown"]) == 1
    assert viewer.read(key) is None
    assert len(viewer.newest()) == 2


SEND_ONE = """
import sys
from pathlib import Path
from crm.adapters.mailbox import MailboxMailer
from tests.envelopes import envelope
MailboxMailer(Path(sys.argv[1])).send([envelope(1)])
"""


@pytest.mark.parametrize(
    ("place", "journal", "mails"),
    [("transport.before_body", 0, 0), ("transport.mid_body", 1, 0), ("transport.after_response", 1, 1)],
)
def test_wherever_it_is_killed_the_journal_knows_at_least_what_was_delivered(
    tmp_path: Path, place: str, journal: int, mails: int
) -> None:
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "CRM_FAULTS": f"{place}=kill"}
    killed = subprocess.run([sys.executable, "-c", SEND_ONE, str(tmp_path)], env=env, cwd=ROOT, check=False)  # noqa: S603 - our own lines
    assert killed.returncode == -signal.SIGKILL
    assert len(list(Journal(tmp_path / JOURNAL).read())) == journal
    viewer = MaildirViewer(tmp_path)
    assert len(viewer.newest()) == mails
    viewer.remove([envelope(1).public_id])
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"inkoop1" in path.read_bytes()]


@pytest.mark.parametrize("key", ["../handed-over.jsonl", "", "a/b", "..", "x" * 300, "é"])
def test_a_key_reads_nothing_outside_the_folder(tmp_path: Path, key: str) -> None:
    MailboxMailer(tmp_path).send([envelope(1)])
    (tmp_path / "new" / "a").mkdir()
    viewer = MaildirViewer(tmp_path)
    assert viewer.read(key) is None
    assert viewer.remove([key]) == 0


@pytest.mark.parametrize(
    "subject", [b"=?utf-8?b?broken", b"=?nonsense?q?x?=", b"\xff\xfe raw", b"=?utf-8?q?a=0D=0Ab?="]
)
def test_a_strange_subject_does_not_break_the_list(tmp_path: Path, subject: bytes) -> None:
    Maildir(tmp_path).deliver(
        "strange", b"Delivered-To: a@b.example\r\nSubject: " + subject + b"\r\n\r\nx\r\n"
    )
    mail = MaildirViewer(tmp_path).newest()[0]
    assert mail.recipient == "a@b.example"
    assert "\n" not in mail.subject
    assert mail.subject.isprintable()
