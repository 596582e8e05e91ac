"""Which column of a file is what: guessed from the headers, corrected by a person, kept with the import."""

from collections.abc import Mapping as Mappings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from crm.prospects.reading.columns import DropReason, Target
from crm.prospects.reading.faults import FileFault, FileFaultCode
from crm.prospects.reading.guesses import Confidence, Guess, guesses


class ClashFault(FileFault):
    """Two columns are to be the same thing. Says which by number: a name may be somebody's."""

    def __init__(self, target: Target, first: int, second: int) -> None:
        what = target.value.replace("_", " ")
        super().__init__(
            FileFaultCode.MAPPING,
            f"Columns {first + 1} and {second + 1} cannot both be the {what}: choose one.",
        )
        self.target = target
        self.first = first
        self.second = second


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the file, and what becomes of it: a target, or a reason why it is dropped."""

    header: str
    target: Target | None = None
    confidence: Confidence | None = None
    dropped: DropReason | None = None


@dataclass(frozen=True, slots=True)
class Mapping:
    """What the columns of one file are, in their order.

    No two columns fill one target, but that several may say no: exports have a column a kind of mail.
    """

    columns: tuple[Column, ...]

    @property
    def chosen(self) -> dict[Target, int]:
        """The place of the column that fills each target, counted from 0."""
        return {column.target: place for place, column in enumerate(self.columns) if column.target}

    @property
    def noes(self) -> tuple[int, ...]:
        """The places of all columns that may say that somebody told another program to stop."""
        return tuple(place for place, one in enumerate(self.columns) if one.target is Target.OPTED_OUT)

    @property
    def dropped(self) -> tuple[Column, ...]:
        """The columns that are not kept, for the preview and the report."""
        return tuple(column for column in self.columns if column.dropped)

    @property
    def is_usable(self) -> bool:
        """There is a column of addresses: without one no row can be imported."""
        return Target.ADDRESS in self.chosen

    def fits(self, headers: Sequence[str]) -> bool:
        """Tell whether it was made for a file with these headers."""
        return [column.header for column in self.columns] == list(headers)

    def corrected(self, corrections: Mappings[int, Target | None]) -> Self:
        """What a person says goes.

        Args:
            corrections: place of a column, counted from 0, and its target; None drops the column. A column
                that filled the target before gives way.

        Raises:
            ClashFault: two columns are to fill one target.
            FileFault: there is no such column.
        """
        if not set(corrections) <= set(range(len(self.columns))):
            raise FileFault(FileFaultCode.MAPPING, "A column was chosen that the file does not have.")
        wanted: dict[Target, int] = {}
        for place, target in sorted(corrections.items()):
            if target is not None and _is_single(target) and wanted.setdefault(target, place) != place:
                raise ClashFault(target, wanted[target], place)
        columns = [
            Column(column.header, dropped=DropReason.SECOND) if column.target in wanted else column
            for column in self.columns
        ]
        for place, target in corrections.items():
            header = columns[place].header
            columns[place] = (
                Column(header, target, Confidence.CHOSEN)
                if target
                else Column(header, dropped=DropReason.CHOSEN)
            )
        return type(self)(tuple(columns))

    def to_json(self) -> dict[str, Any]:
        """A plain form that `from_json` reads back unchanged."""
        return {
            "columns": [
                {
                    "header": column.header,
                    "target": column.target,
                    "confidence": column.confidence,
                    "dropped": column.dropped,
                }
                for column in self.columns
            ]
        }

    @classmethod
    def from_json(cls, found: Mappings[str, Any]) -> Self:
        """Read what `to_json` wrote.

        Raises:
            FileFault: it is not of that form.
        """
        try:
            columns = tuple(
                Column(
                    str(one["header"]),
                    Target(one["target"]) if one["target"] else None,
                    Confidence(one["confidence"]) if one["confidence"] else None,
                    DropReason(one["dropped"]) if one["dropped"] else None,
                )
                for one in found["columns"]
            )
        except (KeyError, TypeError, ValueError) as error:
            raise FileFault(FileFaultCode.MAPPING, "The choice of columns cannot be read.") from error
        targets = [column.target for column in columns if _is_single(column.target)]
        if len(targets) != len(set(targets)) or any(bool(one.target) == bool(one.dropped) for one in columns):
            raise FileFault(FileFaultCode.MAPPING, "The choice of columns cannot be read.")
        return cls(columns)


def guess(headers: Sequence[str]) -> Mapping:
    """Say what each column is. Of two that could fill one target, the surer and then the first one does."""
    found = guesses(headers)
    taken: dict[Target, int] = {}
    for place in sorted(range(len(found)), key=lambda place: found[place].order):
        meaning = found[place].meaning
        if isinstance(meaning, Target):
            taken.setdefault(meaning, place)
    return Mapping(tuple(_column(header, place, found[place], taken) for place, header in enumerate(headers)))


def _column(header: str, place: int, found: Guess, taken: Mappings[Target, int]) -> Column:
    if isinstance(found.meaning, DropReason):
        return Column(header, dropped=found.meaning)
    if _is_single(found.meaning) and taken[found.meaning] != place:
        return Column(header, dropped=DropReason.SECOND)
    return Column(header, found.meaning, found.confidence)


def _is_single(target: Target | None) -> bool:
    return target is not None and target is not Target.OPTED_OUT
