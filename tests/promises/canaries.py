"""One person in every table, with a word of their own in every text we hold about them.

Rows are made from the models, not by hand: a new table or column is planted, and looked for, by itself.
"""

import enum
import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Column, Enum, Integer, LargeBinary, String, insert, select
from sqlalchemy.orm import Session

from crm.kernel.addresses import EmailAddress
from crm.kernel.db import UTCDateTime
from crm.kernel.digests import AddressKeys
from crm.kernel.inventory import Whose
from crm.privacy import register
from crm.prospects.models import SpellingKey
from crm.queries.keeping import inventory
from crm.queries.keeping.inventory import Entry
from tests.conftest import NOW


@dataclass
class Planted:
    """Who was planted, and every word that must not survive them."""

    address: EmailAddress
    ids: dict[str, int]
    words: list[str]


def plant(
    session: Session,
    ring: AddressKeys,
    *,
    name: str,
    more: dict[str, Any] | None = None,
    at: str = "",
) -> Planted:
    """A row in every table of the inventory, as far as one can be there without being about somebody else."""
    address = EmailAddress.parse(at or f"{name}@{name}-shop.example")
    planted = Planted(address, {}, [str(address), address.domain])
    for one in inventory.entries():
        if one.table.name not in _LEFT_OUT:
            _row(session, ring, one, planted, name, more or {})
    return planted


_LEFT_OUT = {
    "audit_entries",
    "spelling_keys",
    "refusals",
    "refusal_keys",
    "erasures",
    "imports",
    "import_rows",
}
"""Not about one person, or written by the program's own hand below."""


def spellings(session: Session, ring: AddressKeys, planted: Planted) -> None:
    keys = register.keys_of(ring, planted.address)
    rows = [
        {"digest": d, "prospect_id": planted.ids["prospects"], "key_version": v}
        for d, v in dict(keys).items()
    ]
    session.execute(insert(SpellingKey), rows)


def _row(
    session: Session, ring: AddressKeys, one: Entry, planted: Planted, name: str, more: dict[str, Any]
) -> None:
    values: dict[str, Any] = {}
    for column in one.table.columns:
        key = f"{one.table.name}.{column.name}"
        if key in more:
            values[column.name] = more[key]
            continue
        value = _value(ring, one, column, planted, name)
        if value is not None:
            values[column.name] = value
            if one.columns[column.name].whose is Whose.SUBJECT:
                planted.words += _planted_in(value)
    key_column = next(iter(one.table.primary_key.columns))
    if _is_nobodys(one) and session.execute(select(key_column).limit(1)).first():
        planted.ids[one.table.name] = session.execute(select(key_column).limit(1)).scalar_one()
        return
    row = insert(one.table).values(values).returning(key_column)
    planted.ids[one.table.name] = session.execute(row).scalar_one()


def _is_nobodys(one: Entry) -> bool:
    """Nobody's in particular: a second person shares the row."""
    return not one.paths and not one.subject_columns


def _planted_in(value: Any) -> list[str]:
    text = value["word"] if isinstance(value, dict) else value.decode() if isinstance(value, bytes) else value
    return [text] if isinstance(text, str) and text.startswith("canary") else []


def _value(ring: AddressKeys, one: Entry, column: Column[Any], planted: Planted, name: str) -> Any:
    known = {
        "prospects.address": str(planted.address),
        "messages.recipient": str(planted.address),
        "companies.domain": planted.address.domain,
        "domain_checks.domain": planted.address.domain,
    }
    for key in column.foreign_keys:
        return planted.ids.get(key.column.table.name)
    if column.primary_key and isinstance(column.type, Integer):
        return None
    if "digest" in column.name and getattr(column.type, "length", 0) == 32:
        return ring.digest(planted.address)
    return known.get(f"{one.table.name}.{column.name}") or _made_up(one, column, name)


def _made_up(one: Entry, column: Column[Any], name: str) -> Any:
    kind = column.type
    if isinstance(kind, Enum):
        return kind.python_type(kind.enums[0]) if issubclass(kind.python_type, enum.Enum) else kind.enums[0]
    if isinstance(kind, LargeBinary):
        return f"canary {name} {one.table.name} {column.name}".encode()
    if isinstance(kind, JSON):
        return {"word": f"canary {name} {one.table.name} {column.name}"}
    if isinstance(kind, UTCDateTime):
        return NOW
    if isinstance(kind, String):
        return _word(one, column, kind.length, name)
    return None if column.nullable else {date: NOW.date(), int: 1, bool: False}[kind.python_type]


def _word(one: Entry, column: Column[Any], length: int | None, name: str) -> str:
    """A word of this column alone, as long as it may be."""
    text = f"canary {name} {one.table.name} {column.name}"
    if length is None or length >= len(text):
        return text
    return "nl" if length < 8 else f"canary{hashlib.sha256(text.encode()).hexdigest()}"[:length]


def found_in(folder: Path, words: list[str]) -> list[tuple[str, str]]:
    """The files below a folder in which one of the words stands, in any usual encoding."""
    hits = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        data = path.read_bytes().lower()
        hits += [
            (str(path.relative_to(folder)), word)
            for word in words
            for encoding in ("utf-8", "utf-16-le", "utf-16-be")
            if word.lower().encode(encoding) in data
        ]
    return hits
