"""Passwords: argon2id, and at most four hashes at once, so that a flood of log-ins starves nobody (SD1)."""

import threading
import unicodedata
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 12, 256  # characters
WAIT = 2.0  # seconds a log-in waits for its turn

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)  # OWASP's minimum
_turns = threading.BoundedSemaphore(4)


class TooBusyError(Exception):
    """Too many log-ins at once; try again in a moment."""


@cache
def _common() -> frozenset[str]:
    return frozenset(Path(__file__).with_name("common_passwords.txt").read_text("utf-8").split())


def fault(password: str) -> str | None:
    """Why a new password will not do, in words; None when it will."""
    plain = _normal(password)
    if len(plain) < SHORTEST:
        return f"Use at least {SHORTEST} characters. A few words in a row are easiest to remember."
    if len(plain) > LONGEST:
        return f"Use at most {LONGEST} characters."
    if plain.casefold() in _common() or len(set(plain)) < 5:
        return "This password is among the first that somebody would try. Choose another."
    return None


def hashed(password: str) -> str:
    """The argon2id hash to keep. Raises TooBusyError."""
    with _turn():
        return _hasher.hash(_normal(password))


def matches(password: str, kept: str | None) -> bool:
    """Tell whether the password fits; without an account the same work is done. Raises TooBusyError."""
    with _turn():
        try:
            _hasher.verify(kept or _nobodys(), _normal(password))
        except (VerificationError, InvalidHashError):
            return False
        return kept is not None


def is_outdated(kept: str) -> bool:
    """Tell whether a hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(kept)


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody has this password, but checking it takes as long")


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


class _turn:  # noqa: N801 - used like a function
    def __enter__(self) -> None:
        if not _turns.acquire(timeout=WAIT):
            raise TooBusyError

    def __exit__(self, *_: object) -> None:
        _turns.release()
