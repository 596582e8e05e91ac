"""Leads as the CRM hands them over."""

import hashlib
import json

CODE = "abcdefghij234567abcdefghij234567"


def lead(number: int = 1, *, code: str = CODE, **other: object) -> tuple[str, bytes]:
    """Id and frozen body; `other` replaces fields, None removes one."""
    fields: dict[str, object] = {
        "lead_id": f"lead{number:022d}",
        "created_at": "2026-03-02T09:00:00Z",
        "code_digest": hashlib.sha256(f"{code if number == 1 else code + str(number)}".encode()).hexdigest(),
        "expires_at": "2126-05-31T09:00:00Z",
        "language": "nl",
        "company": {"name": "Winkel & Zoon", "country": "NL", "website": "https://winkel.example/"},
        **other,
    }
    fields = {name: value for name, value in fields.items() if value is not None}
    return str(fields.get("lead_id")), json.dumps(fields).encode()
