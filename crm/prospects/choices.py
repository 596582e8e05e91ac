"""What a colleague says of a whole import: which column is what, and what holds for every row."""

from collections.abc import Mapping as Mappings
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any, Final, Self

from crm.prospects.models import SourceKind
from crm.prospects.reading.columns import Target
from crm.prospects.reading.faults import FileFault, FileFaultCode
from crm.prospects.reading.mapping import Mapping, guess
from crm.prospects.reading.parsed import Defaults
from crm.prospects.reading.vocabulary import DeclaredBasis

NO_ADDRESSES: Final = "No column holds e-mail addresses. Say which one does."
NO_SOURCE: Final = (
    "Say where these addresses come from and since when: the law wants it told to everybody we write to, "
    "and the first mail tells them."
)
NO_ASSESSMENT: Final = "Legitimate interest needs the number of a written assessment."


@dataclass(frozen=True, slots=True)
class Choices:
    """Kept with the import, so that whoever takes it up again reads every row the same way."""

    mapping: Mapping
    defaults: Defaults = field(default_factory=Defaults)
    role_relevance: str = ""
    """Why this concerns the work of the people in the file, where the rules ask for it."""

    relevance_by: str = ""
    """Who decided that we are relevant to these companies."""

    channel: str = ""
    """How consent was given, for rows that claim it."""

    assessment_id: int | None = None
    replaces: bool = False
    """Names and roles of the file replace those we have; otherwise it only fills gaps."""

    @property
    def problems(self) -> tuple[str, ...]:
        """What must be said before any row can be taken, in words; empty when nothing is missing."""
        chosen, defaults = self.mapping.chosen, self.defaults
        found = []
        if not self.mapping.is_usable:
            found.append(NO_ADDRESSES)
        has_kind = defaults.source_kind or Target.SOURCE_KIND in chosen
        if not has_kind or not (defaults.obtained_on or Target.OBTAINED_ON in chosen):
            found.append(NO_SOURCE)
        if defaults.basis is DeclaredBasis.LEGITIMATE_INTEREST and self.assessment_id is None:
            found.append(NO_ASSESSMENT)
        return tuple(found)

    @classmethod
    def guessed(cls, headers: Sequence[str]) -> Self:
        """The start: columns by their names, and nothing said of the file."""
        return cls(guess(headers))

    def on(self, day: date) -> Self:
        """The same, with today's date: sources from the future are faults."""
        return replace(self, defaults=replace(self.defaults, today=day))

    def to_json(self) -> dict[str, Any]:
        """A plain form that `from_json` reads back unchanged."""
        kept = {one.name: _plain(getattr(self.defaults, one.name)) for one in fields(self.defaults)}
        return {
            "mapping": self.mapping.to_json(),
            "defaults": {name: value for name, value in kept.items() if value not in (None, "", [])},
            "role_relevance": self.role_relevance,
            "relevance_by": self.relevance_by,
            "channel": self.channel,
            "assessment_id": self.assessment_id,
            "replaces": self.replaces,
        }

    @classmethod
    def from_json(cls, found: Mappings[str, Any]) -> Self:
        """Read what `to_json` wrote.

        Raises:
            FileFault: it is not of that form.
        """
        try:
            given = {name: _READERS.get(name, str)(value) for name, value in found["defaults"].items()}
            return cls(
                mapping=Mapping.from_json(found["mapping"]),
                defaults=Defaults(**given),
                role_relevance=str(found["role_relevance"]),
                relevance_by=str(found["relevance_by"]),
                channel=str(found["channel"]),
                assessment_id=None if found["assessment_id"] is None else int(found["assessment_id"]),
                replaces=bool(found["replaces"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise FileFault(FileFaultCode.MAPPING, "The choices of this import cannot be read.") from error


_READERS: Final[Mappings[str, Any]] = {
    "source_kind": SourceKind,
    "obtained_on": date.fromisoformat,
    "basis": DeclaredBasis,
    "day_first": bool,
    "today": date.fromisoformat,
}


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a default may be
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
