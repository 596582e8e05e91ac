"""The Maildir of inbound mail."""

from pathlib import Path

import pytest

from crm.adapters.inbox import QUARANTINE, MaildirInbox
from crm.adapters.maildir import Maildir
from crm.replies.ports import CUT, SIZE_LIMIT


def test_rooms_are_those_of_a_maildir(tmp_path: Path) -> None:
    inbox = MaildirInbox(tmp_path)
    for name in ("1.first", "2.second"):
        Maildir(tmp_path).deliver(name, b"x")
    assert inbox.keep("1.first")
    assert inbox.quarantine("2.second")
    assert (tmp_path / "cur" / "1.first:2,S").exists()
    assert (tmp_path / QUARANTINE / "2.second").exists()


def test_what_is_no_mail_at_all_comes_as_it_is(tmp_path: Path) -> None:
    raw = b"Subject: \xff\xfe\r\nReply-To: <x\r\n\r\n\x00 anything at all, \n even this\r"
    Maildir(tmp_path).deliver("mail", raw)
    assert list(MaildirInbox(tmp_path).unseen()) == [("mail", raw)]


def test_a_message_half_written_is_not_seen(tmp_path: Path) -> None:
    maildir = Maildir(tmp_path)
    draft = maildir.draft("mail", b"whole")
    assert list(MaildirInbox(tmp_path).unseen()) == []
    maildir.publish(draft, "mail")
    assert list(MaildirInbox(tmp_path).unseen()) == [("mail", b"whole")]


def test_what_is_not_a_message_is_left_alone(tmp_path: Path) -> None:
    inbox = MaildirInbox(tmp_path)
    (tmp_path / "new" / ".hidden").write_bytes(b"x")
    (tmp_path / "new" / "folder").mkdir()
    (tmp_path / "new" / "link").symlink_to("/etc/passwd")
    assert list(inbox.unseen()) == []


def test_of_a_monstrous_message_the_beginning_is_read(tmp_path: Path) -> None:
    inbox = MaildirInbox(tmp_path)
    with (tmp_path / "new" / "big").open("wb") as file:
        file.write(b"Subject: STOP\r\n\r\nstop\r\n")
        file.truncate(SIZE_LIMIT + 1)
    ((key, raw),) = inbox.unseen()
    assert key == "big"
    assert raw.startswith(b"X-Crm-Cut: %d\r\nSubject: STOP\r\n\r\nstop\r\n" % (SIZE_LIMIT + 1))
    assert len(raw) < CUT + 100


@pytest.mark.parametrize("key", ["../cur/x", "/etc/passwd", "..", "", "a\0b"])
def test_a_key_reaches_nothing_outside(tmp_path: Path, key: str) -> None:
    inbox = MaildirInbox(tmp_path / "inbox")
    (tmp_path / "x").write_bytes(b"x")
    assert not inbox.keep(key)
    assert not inbox.quarantine(key)


def test_a_message_kept_by_another_meanwhile_is_passed_over(tmp_path: Path) -> None:
    inbox, other = MaildirInbox(tmp_path), MaildirInbox(tmp_path)
    for name in ("1", "2", "3"):
        Maildir(tmp_path).deliver(name, name.encode())
    seen = []
    for key, _ in inbox.unseen():
        seen.append(key)
        other.keep("2")
    assert seen == ["1", "3"]
