"""Which headers make a follow-up stand under the message it follows (RFC 5322 section 3.6.4)."""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

MOST: Final = 10
"""Identifiers after the first that a follow-up names; older ones between are left out."""

MAX_OCTETS: Final = 998 - len("References: ")
_USABLE: Final = re.compile(r"<[!-;=?-~]+>")


class Thread(NamedTuple):
    """Values for In-Reply-To and References; both empty when the parent has no usable identifier."""

    in_reply_to: str | None
    references: tuple[str, ...]


def thread_of(
    parent: str | None, *, parent_references: Iterable[str] = (), parent_in_reply_to: Iterable[str] = ()
) -> Thread:
    """The place of an answer or follow-up in its thread.

    Identifiers from outside that cannot stand in a header are left out rather than repaired.
    """
    if parent is None or not _is_usable(parent):
        return Thread(None, ())
    before = [each for each in parent_references if _is_usable(each)]
    if not before:
        only = [each for each in parent_in_reply_to if _is_usable(each)]
        before = only if len(only) == 1 else []
    chain = list(dict.fromkeys([*before, parent]))
    chain.remove(parent)
    kept = [*chain, parent] if len(chain) < MOST else [chain[0], *chain[1 - MOST :], parent]
    while len(kept) > 1 and len(" ".join(kept)) > MAX_OCTETS:
        del kept[min(1, len(kept) - 2)]
    return Thread(parent, tuple(kept))


def _is_usable(identifier: str) -> bool:
    fits = len(identifier) <= MAX_OCTETS - len("In-Reply-To: ")
    return fits and "=?" not in identifier and _USABLE.fullmatch(identifier) is not None
