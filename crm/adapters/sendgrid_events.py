"""SendGrid's events, read leniently: anything may be missing, and one bad event spoils no other.

Of an opening the address on the net is never read; nothing of a click but that there was one.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from crm.delivery.event_ports import Drop, Report, Reported, UnreadablePostError
from crm.kernel.addresses import EmailAddress
from crm.kernel.errors import InvalidAddressError

_KINDS: Final = {
    "processed": Report.PROCESSED,
    "deferred": Report.DEFERRED,
    "delivered": Report.DELIVERED,
    "bounce": Report.BOUNCE,
    "blocked": Report.BLOCKED,
    "dropped": Report.DROPPED,
    "cancel_drop": Report.DROPPED,
    "open": Report.OPEN,
    "click": Report.CLICK,
    "spamreport": Report.SPAM_REPORT,
    "unsubscribe": Report.UNSUBSCRIBE,
    "group_unsubscribe": Report.UNSUBSCRIBE,
}
_DROPS: Final = {
    "bounced address": Drop.BOUNCED,
    "invalid": Drop.INVALID,
    "spam reporting address": Drop.COMPLAINED,
    "unsubscribed address": Drop.UNSUBSCRIBED,
    "recipient list over package quota": Drop.QUOTA,
    "spam content": Drop.CONTENT,
}
_BY_CLASS: Final = {
    "invalid address": "5.1.1",
    "mailbox unavailable": "5.2.0",
    "frequency or volume too high": "5.7.1",
    "reputation": "5.7.1",
    "content": "5.7.1",
    "technical": "4.4.0",
    "technical failure": "4.4.0",
}
"""What SendGrid's own classes mean in the codes of RFC 3463, for events that bring no code."""

_OURS: Final = re.compile(r"[a-z2-7]{26}")  # `ids.new_public_id`
_NOT_A_WORD: Final = re.compile(r"[^a-z0-9_]+")
_MILLISECONDS: Final = 1e11  # a stamp above it is not in seconds
_TELLING: Final = (
    "event", "type", "timestamp", "status", "bounce_classification", "reason", "response", "url", "attempt",
    "asm_group_id",
)  # fmt: skip


def read_events(body: bytes, *, now: datetime) -> list[Reported]:
    """The events of a post.

    Raises:
        UnreadablePostError: it is not a JSON list.
    """
    try:
        events = json.loads(body, parse_int=_number)
    except (ValueError, RecursionError):
        raise UnreadablePostError("not JSON") from None
    if not isinstance(events, list):
        raise UnreadablePostError("not a list")
    return [_read(event if isinstance(event, dict) else {"event": event}, now) for event in events]


def _number(digits: str) -> int | str:
    """A number of any length; absurd ones stay text, or one would make the post unreadable."""
    return int(digits) if len(digits) < 20 else digits


def _read(event: Mapping[str, Any], now: datetime) -> Reported:
    word = _text(event, "event")
    kind = _KINDS.get(word, Report.OTHER)
    if kind is Report.BOUNCE and _text(event, "type") not in {"", "bounce"}:
        kind = Report.BLOCKED
    address = _address(_text(event, "email"))
    reference = _reference(event)
    whose = reference or (address.identity if address else _text(event, "email"))
    return Reported(
        report=kind,
        word=_NOT_A_WORD.sub("_", word.lower())[:32] or "unnamed",
        reference=reference,
        address=address,
        happened_at=_moment(event.get("timestamp"), now),
        event_id=_text(event, "sg_event_id"),
        says=_hashed(whose, *(_text(event, name) for name in _TELLING)),
        status=_text(event, "status") or _BY_CLASS.get(_text(event, "bounce_classification").lower(), ""),
        words=(_text(event, "reason") or _text(event, "response"))[:500],
        drop=_DROPS.get(_text(event, "reason").lower(), Drop.OTHER) if kind is Report.DROPPED else None,
        by_machine=event.get("sg_machine_open") is True,
        agent=_text(event, "useragent")[:256],
    )


def _text(event: Mapping[str, Any], name: str) -> str:
    """A field as text; a number is one too, anything else is its JSON."""
    value = event.get(name)
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return text[:10_000].strip()


def _reference(event: Mapping[str, Any]) -> str:
    """Our own argument; else the local part of our Message-ID, as asynchronous bounces bring only that."""
    given = _text(event, "crm_message_id") or _text(event, "smtp-id").strip("<>").partition("@")[0]
    return given if _OURS.fullmatch(given) else ""


def _address(text: str) -> EmailAddress | None:
    try:
        return EmailAddress.parse(text)
    except (InvalidAddressError, UnicodeError):
        return None


def _moment(stamp: object, now: datetime) -> datetime:
    """When it happened; `now` where that cannot be read."""
    try:
        seconds = float(stamp)  # type: ignore[arg-type] # whatever it is
        return datetime.fromtimestamp(seconds / 1000 if abs(seconds) > _MILLISECONDS else seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return now


def _hashed(*parts: str) -> str:
    text = json.dumps(parts, ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
