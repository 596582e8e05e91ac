"""The country table (D3): what each country asks before a first mail, as data with its confidence and source.

Nothing in it is legal advice. The owner can override a cell; the override replaces the code, not the duties.
"""

import csv
import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Final, Self

from crm.kernel.business import AddressKind, LegalForm

HOME: Final = "NL"
OTHER: Final = "*"
"""The row of every country that has none."""

_ALIASES: Final = {"UK": "GB", "EL": "GR"}
_TWO_YEARS: Final = timedelta(days=730)


class Code(enum.StrEnum):
    """What a country asks; D3 says which bases satisfy each."""

    C = "c"
    """Consent, or a customer."""

    P = "p"
    """Those, or an address published for offers."""

    O = "o"  # noqa: E741 - the letter of the table
    """Those, or a documented legitimate interest."""

    O1 = "o1"
    """As O, if the mail concerns the person's professional role."""

    U = "u"
    """Nobody has found out: as C."""

    @classmethod
    def read(cls, text: str) -> Self:
        """Read a code in either case.

        Raises:
            ValueError: there is no such code.
        """
        return cls(text.strip().rstrip("*").lower())


class Column(enum.StrEnum):
    """Which column of the table holds for a recipient."""

    NAMED_CORPORATE = "named_corporate"
    GENERIC_INFO = "generic_info"
    SOLE_TRADER = "sole_trader"

    @classmethod
    def of(cls, kind: AddressKind, form: LegalForm) -> "Column":
        """Partnerships, and firms nobody looked up, are judged like a sole trader: a natural person."""
        if form is not LegalForm.LEGAL_PERSON:
            return Column.SOLE_TRADER
        return Column.GENERIC_INFO if kind is AddressKind.GENERIC else Column.NAMED_CORPORATE


@dataclass(frozen=True, slots=True)
class Override:
    """The owner's own answer for one cell."""

    country: str
    column: Column
    code: Code


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for one recipient in one country."""

    country: str
    column: Column
    code: Code
    listed: bool
    """The country has a row of its own."""

    overridden: bool
    needs_role_relevance: bool
    needs_postal_address: bool
    customer_age: timedelta | None
    """How long having been a customer counts; None is without end."""

    confidence: float
    """0 to 1, of the row as it was found; 1 when the owner decided."""

    source: str


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    eea: bool
    pixel_ruling: bool
    pixel_confidence: float
    rules: Mapping[Column, Rule]


class CountryTable:
    """The rows of `countries.csv`."""

    def __init__(self, lines: Iterable[Mapping[str, str]]) -> None:
        self._rows = {line["cc"]: _row(line) for line in lines}
        self._other = self._rows.pop(OTHER)

    @property
    def countries(self) -> tuple[str, ...]:
        """The codes of all countries that have a row, in the order of the table."""
        return tuple(self._rows)

    def name(self, country: str) -> str:
        """The country in English; its code when the table does not have it."""
        row = self._rows.get(canonical(country))
        return row.name if row else country

    def in_eea(self, country: str) -> bool:
        """Tell whether it is in the European Economic Area."""
        row = self._rows.get(canonical(country))
        return row is not None and row.eea

    def pixel_ruling(self, country: str | None) -> bool:
        """Tell whether a regulator's published text asks consent for an open pixel (D4)."""
        row = self._rows.get(canonical(country))
        return row is not None and row.pixel_ruling

    def rule(
        self, country: str, kind: AddressKind, form: LegalForm, overrides: Iterable[Override] = ()
    ) -> Rule:
        """What holds for a recipient there; a country without a row gets the strictest one, not `listed`."""
        code, column = canonical(country), Column.of(kind, form)
        rule = self._rows.get(code, self._other).rules[column]
        if not rule.listed:
            rule = replace(rule, country=code)
        for override in overrides:
            if canonical(override.country) == code and override.column is column:
                needs_role = override.code is Code.O1
                rule = replace(
                    rule,
                    code=override.code,
                    overridden=True,
                    needs_role_relevance=needs_role,
                    confidence=1.0,
                    source="decided by the owner",
                )
        return rule


def canonical(country: str | None) -> str:
    """The code as the table spells it; empty for none."""
    code = (country or "").strip().upper()
    return _ALIASES.get(code, code)


def _row(line: Mapping[str, str]) -> _Row:
    rules = {column: _rule(line, column) for column in Column}
    return _Row(
        line["name"], line["eea"] == "yes", line["pixel_ruling"] == "yes", float(line["conf_pixel"]), rules
    )


def _rule(line: Mapping[str, str], column: Column) -> Rule:
    cell = line[column.value]
    code = Code.read(cell)
    return Rule(
        country=line["cc"],
        column=column,
        code=code,
        listed=line["cc"] != OTHER,
        overridden=False,
        # P*: published, and relevant to the role (Canada).
        needs_role_relevance=code is Code.O1 or cell.endswith("*"),
        needs_postal_address="P" in line["msg"].split("+"),
        customer_age=_TWO_YEARS if line["soft_optin"] == "implied 2y" else None,
        confidence=float(line["conf_contact"]),
        source=line["source"],
    )


@cache
def load() -> CountryTable:
    """Read the table that comes with the program, once."""
    text = Path(__file__).with_name("countries.csv").read_text("utf-8")
    return CountryTable(csv.DictReader(text.splitlines()))
