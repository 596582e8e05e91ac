"""Mail that is made to hurt: huge, deep, flooded, misnamed. It is read in bounded time, or kept."""

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.replies.classify import classify
from crm.replies.reading import read
from crm.replies.verdicts import MailKind
from scripts.replies_corpus import samples
from tests.replies.mails import raw

MEGABYTES = 25 * 1024 * 1024
TEXT = b"--b\r\nContent-Type: text/plain\r\n\r\nHaal me van de lijst.\r\n"
MIXED = b"From: a@x.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
PDF = b'--b\r\nContent-Type: application/pdf; name="../../x"\r\nContent-Transfer-Encoding: base64\r\n'
NAMED = b'Content-Disposition: attachment; filename="../../x"\r\n\r\n'
LINE = b"QUJD" * 19 + b"\r\n"


def nested(depth: int) -> bytes:
    parts = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth)
    )
    return b"From: a@x.example\r\n" + parts + b"Content-Type: text/plain\r\n\r\nHaal me van de lijst.\r\n"


FLOODS: dict[str, Callable[[], bytes]] = {
    "an attachment": lambda: MIXED + TEXT + PDF + NAMED + LINE * (MEGABYTES // len(LINE)) + b"--b--\r\n",
    "one line": lambda: raw("x" * MEGABYTES),
    "words": lambda: raw("niet meer mailen " * (MEGABYTES // 17)),
    "open tags": lambda: b"Content-Type: text/html\r\n\r\n" + b"<div>" * (MEGABYTES // 5),
    "headers": lambda: b"From: a@x.example\r\n" + b"X-A: b\r\n" * (MEGABYTES // 8) + b"\r\nhi",
    "encoded words": lambda: b"Subject: " + b"=?utf-8?q?a?= " * (MEGABYTES // 14) + b"\r\n\r\nhi",
    "references": lambda: b"References: " + b"<a@b> " * (MEGABYTES // 6) + b"\r\n\r\nhi",
    "parts": lambda: MIXED + b"--b\r\n\r\nx\r\n" * (MEGABYTES // 10),
    "headers of a part": lambda: MIXED + b"--b\r\n" + b"X-A: b\r\n" * (MEGABYTES // 8) + b"\r\nhi\r\n--b--",
}


@pytest.mark.parametrize("name", FLOODS)
def test_25_megabytes_are_read_as_far_as_they_go(name: str) -> None:
    content = FLOODS[name]()
    began = time.process_time()
    mail = read(content)
    verdict = classify(mail)
    assert "too_long" in mail.broken
    assert verdict.kind in {MailKind.UNCLEAR, MailKind.OPT_OUT}
    assert time.process_time() - began < 4, "seconds of processor time; a second on a quiet machine"


def test_a_no_before_a_large_attachment_is_heard() -> None:
    assert classify(read(FLOODS["an attachment"]())).kind is MailKind.OPT_OUT


@pytest.mark.parametrize("depth", [1, 40, 150])
def test_words_inside_nested_parts_are_heard(depth: int) -> None:
    assert classify(read(nested(depth))).kind is MailKind.OPT_OUT


def test_an_attachment_is_never_written_whatever_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "a" / "b"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    mail = read(MIXED + TEXT + PDF + NAMED + LINE + b"--b--\r\n")
    assert mail.parts.has_attachments
    assert [name for _, _, names in os.walk(tmp_path) for name in names] == []


@pytest.mark.parametrize(
    "name", ["klingon", "utf-7", "x-unknown", "", "\x00", "utf-8; x=y", "rot13", "zip", "idna"]
)
def test_no_name_of_a_charset_loses_a_no(name: str) -> None:
    content = raw("Haal me van de lijst.").replace(b"charset=utf-8", b"charset=" + name.encode())
    assert classify(read(content)).kind in {MailKind.OPT_OUT, MailKind.UNCLEAR}


def test_two_senders_are_doubtful_and_their_no_is_heard() -> None:
    two = b"From: Anna <anna@x.example>\r\nFrom: Bram <bram@y.example>\r\n"
    assert classify(read(two + b"\r\nSend me two examples.")).kind is MailKind.UNCLEAR
    assert classify(read(two + b"\r\nHaal me van de lijst.")).kind is MailKind.OPT_OUT


SEEDS = [sample.raw for half in ("tuning", "heldout") for sample in samples(half)[::7]]
NOISE = [
    b"\r\n\r\n",
    b"--b\r\n",
    b"\x00",
    b"\xff\xfe",
    b"=?utf-8?b?",
    b"<div>",
    b"&#x",
    b"Content-Type: ",
    b"\r\n.\r\n",
]


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 10**9))
def test_no_damage_to_a_whole_mail_breaks_the_reading_or_the_judging(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - nothing secret: where a mail is damaged
    content = bytearray(rng.choice(SEEDS))
    for _ in range(rng.randint(1, 12)):
        at = rng.randrange(len(content))
        end = at + rng.randint(0, 60)
        content[at:end] = rng.choice(
            [rng.choice(NOISE), rng.randbytes(rng.randint(0, 8)), content[at:end] * 2]
        )
    assert classify(read(bytes(content))).kind in MailKind


def test_a_date_beyond_every_calendar_is_no_day() -> None:
    raw = b"From: a@x.example\r\nDate: Mon, 23 Nov 99999999999 10:12:00 +0100\r\n\r\nHallo.\r\n"
    assert read(raw).sent_on is None
