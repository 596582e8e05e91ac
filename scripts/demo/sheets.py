"""The spreadsheets the demo's world comes from, written where a visitor can open them."""

import csv
import io
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from scripts.demo.cast import HERE, Ground, Person, cast
from scripts.demo.chance import between

LATER: Final = "new-webshops.csv"
"""Not imported: for the visitor to try the import page with."""

_CLAIMS: Final = {
    Ground.PUBLISHED: "published",
    Ground.DECLINES: "published",
    Ground.UNREAD: "published",
    Ground.OLD: "published",
    Ground.DEAF: "published",
    Ground.OPTED_OUT: "published",
    Ground.CONSENT: "consent",
    Ground.CUSTOMER: "customer",
    Ground.INTEREST: "interest",
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One file, and what the colleague who imports it says of all its rows."""

    file: str
    content: bytes
    role_relevance: str
    checked_by: str
    assessed: bool
    """Its rows rest on the documented assessment of interests."""


@cache
def _plan() -> dict[str, Any]:
    return tomllib.loads((HERE / "sheets.toml").read_text("utf-8"))


def sheets(seed: int, today: date) -> list[Sheet]:
    """All files that are imported, in order."""
    everybody = cast(seed)
    return [
        Sheet(
            file=one["file"],
            content=_content(
                one, seed, [person for person in everybody if person.shop.country in one["countries"]], today
            ),
            role_relevance=one["role_relevance"],
            checked_by=one["checked_by"],
            assessed=one.get("assessed", False),
        )
        for one in _plan()["sheet"]
    ]


def later_sheet(today: date) -> bytes:
    """A small file for the visitor: some new, one twice, one broken."""
    rows = [
        {
            **one,
            "website": f"https://www.{one['domain']}",
            "address": f"{one['local']}@{one['domain']}",
            "source": "website",
            "source_url": f"https://www.{one['domain']}/contact",
            "found_on": today.isoformat(),
            "basis": "published",
            "wording": _plan()["words"]["en"]["published"],
            "checked_by": "Sanne de Wit",
            "relevance": f"sells {one['sells']}",
        }
        for one in _plan()["later"]
    ]
    return _written(rows, _plan()["sheet"][-1]["columns"], ",").encode("utf-8")


def keep_fresh(file: Path, today: date) -> None:
    """Date the visitor's file today, lest it be too old on the fast calendar; not when they changed it."""
    try:
        said = file.read_bytes()
        dated = re.search(rb"\d{4}-\d{2}-\d{2}", said)
        day = date.fromisoformat(dated[0].decode()) if dated else today
    except (OSError, ValueError):
        return
    if day < today and said == later_sheet(day):
        fresh = file.with_suffix(".tmp")
        fresh.write_bytes(later_sheet(today))
        fresh.replace(file)


def _content(plan: dict[str, Any], seed: int, people: Sequence[Person], today: date) -> bytes:
    rows = [_row(plan, seed, person, today) for person in people]
    rows += _slips(rows)
    text = _written(rows, plan["columns"], plan.get("separator", ";"))
    return text.encode(plan["encoding"])


def _slips(rows: list[dict[str, str]]) -> Iterator[dict[str, str]]:
    """What is wrong in every real sheet: a row twice, and an address with a slip of the pen."""
    yield dict(rows[1])
    yield {**rows[2], "address": rows[2]["address"].replace("@", " at "), "name": ""}


def _row(plan: dict[str, Any], seed: int, person: Person, today: date) -> dict[str, str]:
    shop, words = person.shop, _plan()["words"][person.shop.language]
    met = {Ground.CONSENT: "fair", Ground.CUSTOMER: "customer"}.get(person.ground, "website")
    claim = _CLAIMS.get(person.ground)
    wordings = {name: words[name] for name in ("published", "consent", "customer") if name in words}
    wording = wordings.get(claim or "", "")
    if person.ground is Ground.DECLINES:
        wording = words["declines"]
    site = f"https://www.{shop.domain}"
    return {
        "company": shop.name,
        "website": site,
        "country": shop.country,
        "language": person.language,
        "legal_form": shop.legal_form,
        "name": person.name,
        "role": person.role,
        "address": person.address,
        "phone": f"555-{between(1000, 9999, seed, person.address, 'phone')}",
        "profile": "",
        "source": words["source"][met],
        "source_url": f"{site}/{words['page']}" if met == "website" else "",
        "source_words": {"fair": words["fair"], "customer": words.get("customer", "")}.get(met, ""),
        "found_on": (today - timedelta(days=person.days_ago)).isoformat(),
        "basis": words["basis"][claim] if claim else "",
        "wording": wording,
        "checked_by": "" if person.ground is Ground.UNREAD else plan["checked_by"],
        "opted_out": "x" if person.ground is Ground.OPTED_OUT else "",
        "relevance": f"sells {shop.sells}, with pictures of its own",
    }


def _written(rows: Sequence[dict[str, str]], columns: dict[str, str], separator: str) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(
        out, list(columns), delimiter=separator, restval="", extrasaction="ignore", lineterminator="\r\n"
    )
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()
