"""Look for client addresses in files, in every form they could be kept in (P12, standards §2.5).

Text of all spellings, packed bytes, and every usual hash of each, plain or keyed with any secret lying about:
all IPv4 addresses are tried in an hour, so a hash without a key that dies is as good as the address.
"""

import base64
import contextlib
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any, Final

from sqlalchemy import MetaData, select

from crm.kernel.db import Database

_WINDOW: Final = 8  # bytes of a needle that are looked up first
_CHUNK: Final = 1 << 18
_HASHES: Final = ("md5", "sha1", "sha256", "sha512", "blake2s", "blake2b")
_KEPT: Final = 16  # bytes; hashes are often cut, never to fewer

Address = IPv4Address | IPv6Address


@dataclass(frozen=True)
class Trace:
    """An address was found."""

    place: str
    address: str
    form: str


class Scan:
    """What is looked for: these addresses, in every form, under every secret."""

    def __init__(self, addresses: Iterable[str], secrets: Sequence[bytes] = ()) -> None:
        self._long: dict[bytes, list[tuple[bytes, str, str]]] = {}
        self._short: list[tuple[bytes, str, str]] = []
        for text in addresses:
            for needle, form in _needles(ip_address(text), secrets):
                if len(needle) < _WINDOW:
                    self._short.append((needle, text, form))
                else:
                    self._long.setdefault(needle[:_WINDOW], []).append((needle, text, form))

    def bytes(self, data: bytes, place: str) -> list[Trace]:
        found = {Trace(place, address, form) for needle, address, form in self._short if needle in data}
        for start in range(0, len(data), _CHUNK):
            part = data[start : start + _CHUNK + _WINDOW - 1]
            windows = {part[at : at + _WINDOW] for at in range(len(part) - _WINDOW + 1)}
            for window in self._long.keys() & windows:
                found |= {
                    Trace(place, address, form)
                    for needle, address, form in self._long[window]
                    if needle in data
                }
        return sorted(found, key=repr)

    def folder(self, folder: Path) -> list[Trace]:
        """Every file below it, whatever it is, and the names of files."""
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        names = "\n".join(str(path.relative_to(folder)) for path in paths).encode()
        found = self.bytes(names, "file names")
        for path in paths:
            with contextlib.suppress(FileNotFoundError):  # the program may be running
                found += self.bytes(path.read_bytes(), str(path.relative_to(folder)))
        return found

    def database(self, database: Database) -> list[Trace]:
        """Every value of every table, as the database gives it."""
        tables = MetaData()
        tables.reflect(database.engine)
        found = []
        with database.reading() as session:
            for table in tables.sorted_tables:
                values = (value for row in session.execute(select(table)) for value in row)
                found += self.bytes(b"\n".join(map(_raw, values)), f"table {table.name}")
        return found


def secrets_in(folder: Path) -> list[bytes]:
    """Every secret that lies in the files of a folder, as written and as what the text stands for."""
    found: set[bytes] = set()
    for path in folder.rglob("*"):
        if path.is_file():
            for word in re.findall(rb"[A-Za-z0-9+/=_-]{16,}", path.read_bytes()):
                found |= {word, *_decoded(word.removeprefix(b"whsec_"))}
    return sorted(found)


def _decoded(word: bytes) -> Iterator[bytes]:
    for read in (bytes.fromhex, base64.b64decode, base64.urlsafe_b64decode):
        try:
            yield read(word.decode())
        except ValueError:
            continue


def _raw(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _texts(address: Address) -> Iterator[tuple[str, str]]:
    number = int(address)
    yield str(address), "as written"
    yield str(number), "decimal"
    yield f"{number:x}", "hex"
    yield address.reverse_pointer.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa"), "reversed"
    if isinstance(address, IPv4Address):
        yield ".".join(f"{part:03}" for part in address.packed), "zero-padded"
        yield ".".join(f"{part:02x}" for part in address.packed), "dotted hex"
        yield f"{int(IPv6Address(f'::ffff:{address}')):x}", "mapped, hex"
    else:
        yield address.exploded, "exploded"
        yield address.exploded.rpartition(":")[0].rpartition(":")[0], "most of it"
        yield str(IPv6Address(number >> 64 << 64)), "network"


def _needles(address: Address, secrets: Sequence[bytes]) -> Iterator[tuple[bytes, str]]:
    for text, form in _texts(address):
        if len(text) < _WINDOW:
            continue
        for case in {text, text.upper()}:
            for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
                yield case.encode(encoding), f"{form}, {encoding}"
        yield base64.b64encode(text.encode()).rstrip(b"=")[:-1], f"{form}, base64"
        yield text.encode().hex().encode(), f"{form}, hex of the text"
    yield address.packed, "packed"
    yield address.packed[::-1], "packed, little end first"
    yield base64.b64encode(address.packed).rstrip(b"=")[:-1], "packed, base64"
    number = int(address)
    plain = [str(address), address.exploded, str(number), f"{number:x}"]
    forms = [*(one.encode() for one in plain), address.packed, address.packed[::-1]]
    if isinstance(address, IPv6Address):
        forms += [address.packed[:8], str(IPv6Address(number >> 64 << 64)).encode()]
    for form_ in dict.fromkeys(forms):
        yield from _hashes(form_, secrets)


def _hashes(form: bytes, secrets: Sequence[bytes]) -> Iterator[tuple[bytes, str]]:
    for name in _HASHES:
        yield from _written(hashlib.new(name, form).digest(), name)
        for secret in secrets:
            yield from _written(hmac.digest(secret, form, name), f"{name}, keyed")
    for secret in secrets:
        for joined in (secret + form, form + secret, secret + b"\0" + form):
            yield from _written(hashlib.sha256(joined).digest(), "sha256, salted")


def _written(digest: bytes, form: str) -> Iterator[tuple[bytes, str]]:
    cut = digest[:_KEPT]
    yield cut, f"{form}, raw"
    yield cut.hex().encode(), f"{form}, hex"
    yield cut.hex().upper().encode(), f"{form}, hex"
    yield base64.b64encode(digest)[:20], f"{form}, base64"
    yield base64.urlsafe_b64encode(digest)[:20], f"{form}, base64"
    yield base64.b32encode(digest)[:24], f"{form}, base32"
