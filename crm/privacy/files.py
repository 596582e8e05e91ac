"""Files with personal data, declared as columns are (D11), and how one person is found in them."""

import hashlib
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from crm.kernel.addresses import EmailAddress
from crm.kernel.inventory import Retention

_CHUNK: Final = 1 << 20  # bytes
_ZIP: Final = b"PK\x03\x04"
_UNPACKED: Final = 1 << 30  # bytes of one packed file that are looked at; a larger one is removed unread


@dataclass(frozen=True, slots=True)
class FileStore:
    """One place under `var/` (or beside the database) that holds more than rows."""

    name: str
    holds: str
    retention: Retention
    on_erase: str
    """In words: what an erasure does there."""

    searched: tuple[str, ...] = ()
    """Folders under `var/` whose files go as a whole when they name the person."""


STORES: Final = (
    FileStore(
        "mail/sent",
        "mails as the `mailbox` mailer took them, one file each",
        Retention.MESSAGE,
        "the person's files are removed, by message and by recipient",
    ),
    FileStore(
        "mail/inbox",
        "mails as they came in, one file each",
        Retention.INBOUND,
        "files that name the person are removed; one that nobody has read yet waits until it is understood",
        searched=("mail/inbox/cur", "mail/inbox/quarantine"),
    ),
    FileStore(
        "the IMAP mailbox",
        "mails as they came in, on the mail server, when CRM_IMAP_HOST is set",
        Retention.INBOUND,
        "nothing is left there with CRM_IMAP_AFTER=delete; else its owner removes it",
    ),
    FileStore(
        "uploads",
        "spreadsheets on their way in, what would become of each row, and the broken rows of finished ones",
        Retention.SHORT,
        "files that name the person are removed as a whole, once their import has ended",
        searched=("uploads",),
    ),
    FileStore(
        "search indexes",
        "words of prospects and notes, inside the database",
        Retention.PROSPECT,
        "entries go with their rows, and the index is merged until no word of them is left",
    ),
    FileStore(
        "refusals.journal",
        "digests of refusals, no address",
        Retention.REFUSAL,
        "kept: replayed after a restore",
    ),
    FileStore("keys", "secrets, no person", Retention.PERMANENT, "kept"),
    FileStore(
        "ip-keys",
        "keys behind digests of IP addresses, one a day",
        Retention.SHORT,
        "destroyed by themselves",
    ),
    FileStore("logs", "ids and codes, no person", Retention.SHORT, "nothing to erase"),
)
"""Every place outside the tables. Exports are handed over at once and kept nowhere."""


@dataclass(frozen=True, slots=True)
class Marks:
    """By what a file is known to be about somebody."""

    texts: tuple[bytes, ...]
    """Lower case, in the encodings that files come in."""

    hashes: frozenset[str] = frozenset()
    """SHA-256 of whole files, in hex: inbound mails that are known to be theirs."""


def marks_of(address: EmailAddress, hashes: Collection[str] = ()) -> Marks:
    """The address in every spelling and encoding a file may have it in."""
    spellings = {str(address).lower(), f"{address.local.lower()}@{address.unicode_domain.lower()}"}
    encodings = ("utf-8", "utf-16-le", "utf-16-be")
    texts = {text.encode(encoding) for text in spellings for encoding in encodings}
    return Marks(tuple(sorted(texts)), frozenset(hashes))


def naming(var: Path, marks: Marks) -> Iterator[Path]:
    """The files in searched folders that name the person."""
    if not marks.texts and not marks.hashes:
        return
    for store in STORES:
        for folder in store.searched:
            yield from (path for path in _files(var / folder) if _names(path, marks))


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]


def _names(path: Path, marks: Marks) -> bool:
    try:
        with path.open("rb") as file:
            if file.read(len(_ZIP)) == _ZIP:
                return _packed_names(path, marks)
            file.seek(0)
            return _stream_names(file, marks)
    except FileNotFoundError:
        return False  # somebody removed it meanwhile


def _packed_names(path: Path, marks: Marks) -> bool:
    """Look into a spreadsheet's parts. What cannot be unpacked, or is a bomb, cannot be cleared either."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(part.file_size for part in archive.infolist()) > _UNPACKED:
                return True
            for part in archive.infolist():
                with archive.open(part) as file:
                    if _stream_names(file, marks):
                        return True
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return True
    return False


def _stream_names(file: IO[bytes], marks: Marks) -> bool:
    overlap = max(map(len, marks.texts), default=1) - 1
    digest, tail = hashlib.sha256(), b""
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
        window = tail + chunk.lower()
        if any(text in window for text in marks.texts):
            return True
        tail = window[-overlap:] if overlap else b""
    return digest.hexdigest() in marks.hashes
