"""Keys and secrets: files of their own, made once, never in the database nor in its backups."""

import base64
import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from crm.kernel.digests import AddressKeys

_SHORTEST = 32  # bytes
_SECRETS = ("secret_key", "image_service", "inbound_hook")


@dataclass(frozen=True, slots=True)
class Keys:
    """Everything secret, read once at the start."""

    secret_key: str
    """Signs what staff's browsers hold. Never used for links in mail."""

    public_links: tuple[str, ...]
    """Oldest first; the last one signs. Old ones verify for ever (D8)."""

    addresses: AddressKeys
    image_service: tuple[str, ...]
    """Shared with the image service (Standard Webhooks, `whsec_…`); several while one is being replaced."""

    inbound_hook: tuple[str, ...]
    """Shared with whoever posts inbound mail to us."""

    @property
    def inbound_names(self) -> tuple[str, ...]:
        """What ends the address that a provider posts inbound mail to; the last is the newest."""
        return tuple(_name_under(secret) for secret in self.inbound_hook)

    def opens_inbound(self, name: str) -> bool:
        """Tell whether it is one of them; the time taken does not tell how near it came."""
        matches = [hmac.compare_digest(one.encode(), name.encode()) for one in self.inbound_names]
        return any(matches)


def _name_under(secret: str) -> str:
    mac = hmac.digest(secret.encode(), b"crm.inbound-parse", hashlib.sha256)
    return base64.b32encode(mac[:20]).decode("ascii").lower()


def make_missing(folder: Path, *, first: bool = True) -> None:
    """Make each key that is not there yet. Two processes at once agree: a file is made exclusively.

    Args:
        folder: where they are.
        first: this installation is new. In one that is not, two are never made anew: under another address
            key no refusal is found again, and under other link keys no link we ever sent works.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in _SECRETS:
        _write_once(folder / name, f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}\n")
    if first:
        _write_once(folder / "public_links", f"{secrets.token_urlsafe(32)}\n")
        _write_once(folder / "addresses.json", json.dumps({"1": secrets.token_hex(32)}) + "\n")


def _write_once(path: Path, text: str) -> None:
    if path.exists():
        return
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)  # fails where somebody was first, and then theirs holds
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def _long(key: bytes) -> bytes:
    if len(key) < _SHORTEST:
        raise ValueError("too short")
    return key


def read(folder: Path) -> tuple[Keys | None, list[str]]:
    """The keys in a folder, and in plain words everything that is wrong with them."""
    problems = []
    lines: dict[str, tuple[str, ...]] = {}
    for name in (*_SECRETS, "public_links"):
        try:
            lines[name] = tuple((folder / name).read_text().split())
        except OSError:
            lines[name] = ()
        if not lines[name] or any(len(line) < 32 for line in lines[name]):
            problems.append(f"The key file {folder / name} is missing, empty or too short.")
    try:
        kept = json.loads((folder / "addresses.json").read_text())
        addresses = AddressKeys({int(version): _long(bytes.fromhex(text)) for version, text in kept.items()})
    except (OSError, ValueError, AttributeError, TypeError):
        problems.append(f"The key file {folder / 'addresses.json'} is missing, too short or not readable.")
        return None, problems
    if problems:
        return None, problems
    keys = Keys(
        secret_key=lines["secret_key"][0],
        public_links=lines["public_links"],
        addresses=addresses,
        image_service=lines["image_service"],
        inbound_hook=lines["inbound_hook"],
    )
    return keys, []
