"""A decision as plain values and back: it is stored with each message as proof of why it went, or did not."""

import enum
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Final

from crm.permission.findings import Decision, Finding, Verdict
from crm.permission.reasons import Reason, Weight

VERSION: Final = 1
_DETAILS: Final = tuple(field.name for field in fields(Finding) if field.name not in {"reason", "weight"})
_PLAIN: Final = frozenset({str, int})
_details_of = attrgetter(*_DETAILS)


def to_record(decision: Decision) -> dict[str, Any]:
    """The decision in values that JSON has; what is empty is left out. Names no person."""
    return {
        "version": VERSION,
        "verdict": decision.verdict.value,
        "retry_at": _written(decision.retry_at),
        "reasons": [_finding(one) for one in decision.reasons],
    }


def from_record(record: Mapping[str, Any]) -> Decision:
    """Read back what `to_record` wrote.

    Raises:
        KeyError, ValueError: it is no such record.
    """
    found = tuple(_read(one) for one in record["reasons"])
    return Decision(Verdict(record["verdict"]), found, _moment(record["retry_at"]))


def _finding(finding: Finding) -> dict[str, Any]:
    record: dict[str, Any] = {"reason": finding.reason.value, "weight": finding.weight.value}
    for name, value in zip(_DETAILS, _details_of(finding), strict=True):
        if value is not None and value not in ("", ()):
            record[name] = value if type(value) in _PLAIN else _written(value)
    return record


def _read(values: Mapping[str, Any]) -> Finding:
    detail = dict(values)
    for name in ("at", "until"):
        if name in detail:
            detail[name] = _moment(detail[name])
    if "missing" in detail:
        detail["missing"] = tuple(detail["missing"])
    return Finding(Reason(detail.pop("reason")), Weight(detail.pop("weight")), **detail)


def _written(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, enum.Enum):
        return value.value
    return list(value) if isinstance(value, tuple) else value


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)
