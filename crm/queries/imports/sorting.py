"""Say what becomes of each row of an import. Only reads: the preview and the import both ask here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sqlalchemy.orm import Session

from crm.kernel.digests import AddressDigest
from crm.kernel.domains import is_freemail
from crm.permission.terms import DomainState
from crm.prospects.candidates import Broken, Candidate
from crm.prospects.choices import Choices
from crm.prospects.companies import Firm
from crm.prospects.import_models import RowOutcome
from crm.queries.gate.claims import Claim, claim_of
from crm.queries.gate.import_gate import LONGEST, ImportGate, Question
from crm.queries.imports.known import Existing
from crm.queries.imports.look import Look

REFUSED: Final = "They asked us to stop. Nothing of this row is kept."
OPTED_OUT: Final = (
    "The file says that they opted out. That is written down as a refusal, and nothing else is kept."
)
RESTRICTED: Final = "Their data may only be kept as it is (GDPR article 18). Nothing was changed."
WITHDREW: Final = "They took a basis back earlier, so the one in the file is not kept."


class Line(NamedTuple):
    """What became of one row."""

    line: int
    outcome: RowOutcome
    reason: str = ""


class Newcomer(NamedTuple):
    """A prospect to be made."""

    candidate: Candidate
    firm: Firm
    claim: Claim | None


@dataclass(slots=True)
class Change:
    """A prospect to be changed: gaps filled, a proof or a source added. Never a status, an owner or a no."""

    existing: Existing
    candidate: Candidate
    values: dict[str, str] = field(default_factory=dict)
    claim: Claim | None = None
    adds_source: bool = False

    @property
    def is_real(self) -> bool:
        """There is something to write."""
        return bool(self.values or self.claim or self.adds_source)


@dataclass(slots=True)
class Batch:
    """A batch of rows, sorted, and everything there is to write."""

    lines: list[Line] = field(default_factory=list)
    newcomers: list[Newcomer] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    opted_out: list[Candidate] = field(default_factory=list)
    firms: list[Firm] = field(default_factory=list)
    """Those that are new or learned something."""

    taken: dict[AddressDigest, int] = field(default_factory=dict)
    """Mailboxes of this batch and their lines, for finding duplicates further down."""

    broken: list[Broken] = field(default_factory=list)


class Sorter:
    """Sorts the rows of one file, batch after batch."""

    def __init__(self, choices: Choices, gate: ImportGate) -> None:
        """Begin at the first row; an import that goes on tells the rows before by `remember`."""
        self._choices = choices
        self._gate = gate
        self._earlier: dict[AddressDigest, int] = {}

    def remember(self, row: Candidate) -> None:
        """This row was done before: the same mailbox further down is a duplicate."""
        self._earlier.setdefault(row.names.identity, row.line)

    def recall(self, earlier: Mapping[AddressDigest, int]) -> None:
        """These mailboxes stood in rows before, with their lines."""
        self._earlier.update(earlier)

    def settle(self, batch: Batch) -> None:
        """The batch is committed, or was only looked at: its mailboxes count from now on."""
        self._earlier.update(batch.taken)

    def sort(self, session: Session, rows: Sequence[Candidate | Broken]) -> Batch:
        """Decide on every row of a batch; what it decides is only true in this transaction."""
        candidates = [row for row in rows if isinstance(row, Candidate)]
        look = Look.at(session, candidates)
        batch = Batch()
        for row in rows:
            if isinstance(row, Candidate):
                outcome, reason = self._sort(batch, look, row)
            else:
                batch.broken.append(row)
                outcome, reason = RowOutcome.BROKEN, row.fault.reason[:LONGEST]
            batch.lines.append(Line(row.line, outcome, reason))
        batch.firms = look.touched()
        return batch

    def _sort(self, batch: Batch, look: Look, row: Candidate) -> tuple[RowOutcome, str]:
        if look.has_refused(row):
            return RowOutcome.REFUSED, REFUSED
        if row.row.opted_out:
            batch.opted_out.append(row)
            look.refused.update(digest for digest, _ in row.names.keys)
            return RowOutcome.REFUSED, OPTED_OUT
        first = batch.taken.get(row.names.identity) or self._earlier.get(row.names.identity)
        if first is not None:
            return RowOutcome.DUPLICATE, f"The same mailbox stands in line {first}."
        batch.taken[row.names.identity] = row.line
        existing = look.existing(row)
        if existing is not None:
            return self._change(batch, look, row, existing)
        return self._add(batch, look, row)

    def _add(self, batch: Batch, look: Look, row: Candidate) -> tuple[RowOutcome, str]:
        firm = look.firm_for(row)
        firm.learn(row.row, self._choices.relevance_by)
        claim, note = claim_of(row, self._choices)
        batch.newcomers.append(Newcomer(row, firm, claim))
        against = self._gate.against(self._question(look, row, firm, claim))
        if against:
            return RowOutcome.NOT_ALLOWED, f"{note} {against}".strip()[:LONGEST]
        return RowOutcome.ADDED, note

    def _change(self, batch: Batch, look: Look, row: Candidate, existing: Existing) -> tuple[RowOutcome, str]:
        if existing.restricted_at is not None:
            return RowOutcome.UNCHANGED, RESTRICTED
        firm = look.firm_of(existing)
        has_taught = firm.is_meant_by(row.company) and firm.learn(row.row, self._choices.relevance_by)
        claim, note = claim_of(row, self._choices)
        if claim is not None and existing.withdrew:
            claim, note = None, WITHDREW
        if claim is not None and claim.name in existing.proofs:
            claim = None
        values = self._values(row, existing, firm)
        change = Change(existing, row, values, claim, adds_source=not existing.has_source)
        if change.is_real:
            batch.changes.append(change)
        return RowOutcome.UPDATED if change.is_real or has_taught else RowOutcome.UNCHANGED, note

    def _values(self, row: Candidate, existing: Existing, firm: Firm) -> dict[str, str]:
        """Texts to write. A gap is filled; what is known gives way only when the colleague said so."""
        found = {"name": row.row.name, "role": row.row.role, "role_relevance": self._choices.role_relevance}
        if row.row.language != firm.language:
            found["language"] = row.row.language
        return {
            name: text
            for name, text in found.items()
            if text
            and text != getattr(existing, name)
            and (self._choices.replaces or not getattr(existing, name))
        }

    def _question(self, look: Look, row: Candidate, firm: Firm, claim: Claim | None) -> Question:
        parsed = row.row
        assert parsed.source_kind is not None
        assert parsed.obtained_on is not None
        return Question(
            kind=row.kind,
            freemail=is_freemail(parsed.address.domain),
            domain=look.domains.get(parsed.address.domain, DomainState.UNKNOWN),
            country=firm.country,
            legal_form=firm.legal_form,
            time_zone=firm.time_zone,
            source_kind=parsed.source_kind,
            obtained_on=parsed.obtained_on,
            relevant=bool(firm.relevance),
            role_relevant=bool(self._choices.role_relevance),
            claim=None if claim is None else claim.worth,
        )
