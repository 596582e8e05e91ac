"""The last look at a Mail Send request: exactly the bytes that would leave, whoever made them.

SendGrid keeps categories and custom arguments as if they were nobody's data, shows them in its pages and may
not erase them. Nothing but our opaque id may stand there; and nothing may ask SendGrid to measure, to
wait, or to pass over its lists.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

_OPAQUE: Final = re.compile(r"[a-z0-9]{26}")
_PARTS: Final = frozenset({"personalizations", "from", "reply_to", "subject", "content", "tracking_settings"})
_OF_ONE: Final = frozenset({"to", "headers", "custom_args"})
_TRACKERS: Final = frozenset({"click_tracking", "open_tracking", "subscription_tracking", "ganalytics"})


def unfit(body: bytes) -> str:
    """Why these bytes must not leave; empty when they may."""
    try:
        request = json.loads(body)
        return _unfit(request)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return "The request is not as we write it."


def _unfit(request: Mapping[str, Any]) -> str:
    odd = sorted(set(request) - _PARTS)
    if odd:
        return f"The request has a part that we never send: {odd[0][:40]}."
    [one] = request["personalizations"]
    odd = sorted(set(one) - _OF_ONE)
    if odd:
        return f"The request has a part that we never send: {odd[0][:40]}."
    if len(one["to"]) != 1:
        return "The request has not one recipient."
    arguments = one["custom_args"]
    if set(arguments) != {"crm_message_id"} or not _is_opaque(arguments["crm_message_id"]):
        return "The request would tell SendGrid more than an opaque id."
    trackers = request["tracking_settings"]
    if set(trackers) != _TRACKERS or any(tracker["enable"] is not False for tracker in trackers.values()):
        return "The request would have SendGrid measure."
    return ""


def _is_opaque(value: object) -> bool:
    return isinstance(value, str) and _OPAQUE.fullmatch(value) is not None
