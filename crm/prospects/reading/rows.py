"""One row of a file, understood: a prospect with its source and basis, or what is wrong with it."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from crm.kernel.addresses import EmailAddress
from crm.kernel.domains import registrable_domain
from crm.prospects.models import SourceKind
from crm.prospects.reading import vocabulary
from crm.prospects.reading.cells import address_of, cleaned, day_of, name_beside, page_of, site_of
from crm.prospects.reading.columns import Target
from crm.prospects.reading.faults import ROW_WORDS, CellFaultError, RowFault, RowFaultCode
from crm.prospects.reading.mapping import Mapping
from crm.prospects.reading.parsed import Defaults, ParsedRow
from crm.prospects.reading.vocabulary import legal_form_in


def read_row(values: Sequence[str], mapping: Mapping, defaults: Defaults) -> ParsedRow | RowFault:
    """Understand one row. For many rows of one file, `RowReader` prepares once."""
    return RowReader(mapping, defaults).read(values)


class RowReader:
    """Reads the rows of one file: the columns are looked up once, not for every row."""

    def __init__(self, mapping: Mapping, defaults: Defaults) -> None:
        """Prepare for one file.

        Args:
            mapping: which column is what.
            defaults: what holds where a cell is empty.
        """
        chosen = dict(mapping.chosen)
        self._headers = [column.header for column in mapping.columns]
        self._width = len(self._headers)
        self._address = chosen.pop(Target.ADDRESS, None)
        chosen.pop(Target.OPTED_OUT, None)
        self._plan = [(place, target.value, _reader(target, defaults)) for target, place in chosen.items()]
        self._plan += [(place, Target.OPTED_OUT.value, vocabulary.opted_out_of) for place in mapping.noes]
        self._names = {target.value: place for target, place in chosen.items()}
        self._has_names = bool({Target.NAME, Target.FIRST_NAME, Target.LAST_NAME} & set(chosen))
        self._today = defaults.today
        self._start = _UNKNOWN | {
            name: getattr(defaults, name) for name in _UNKNOWN if hasattr(defaults, name)
        }

    def read(self, values: Sequence[str]) -> ParsedRow | RowFault:
        """Understand one row; all its faults are told at once."""
        faults: list[RowFault] = []
        count = len(values)
        if count > self._width and any(map(str.strip, values[self._width :])):
            faults.append(_fault(RowFaultCode.TOO_MANY_CELLS))
        found = self._start.copy()
        for place, name, reader in self._plan:
            try:
                text = cleaned(values[place]) if place < count else ""
                if text and (len(text) > _LONGEST_BLANK or text.lower() not in _BLANKS):
                    found[name] = reader(text) or found[name]  # one no among several columns is a no
            except CellFaultError as error:
                faults.append(RowFault(error.code, error.words, self._headers[place]))
        address = self._read_address(values, found, faults)
        if address is not None:
            self._complete(address, found, faults)
        if faults and not (address is not None and _is_heard(found, faults)):
            return _together(faults)
        return ParsedRow(**found)

    def _read_address(
        self, values: Sequence[str], found: dict[str, Any], faults: list[RowFault]
    ) -> EmailAddress | None:
        place = self._address
        text = values[place] if place is not None and place < len(values) else ""
        if not text or text.isspace():
            faults.insert(0, _fault(RowFaultCode.NO_ADDRESS))
            return None
        try:
            if not self._has_names and "<" in text:
                found["name"] = name_beside(text)[: _LENGTHS[Target.NAME]]
            return address_of(text)
        except CellFaultError as error:
            faults.insert(0, RowFault(error.code, error.words, self._headers[place or 0]))
            return None

    def _complete(self, address: EmailAddress, found: dict[str, Any], faults: list[RowFault]) -> None:
        """Fill in what follows from the rest of the row, and judge what needs two cells."""
        found["address"] = address
        both = f"{found.pop('first_name')} {found.pop('last_name')}".strip()
        found["name"] = both or found["name"]
        company = found["company"] = found["company"] or registrable_domain(address.domain) or ""
        if not company:
            faults.append(_fault(RowFaultCode.NO_COMPANY))
        if found["legal_form"] is None:
            found["legal_form"] = legal_form_in(company)
        kind = found["source_kind"]
        if isinstance(kind, _OwnWords):
            # They say where from, not of what kind; the file's kind stands.
            found["source_words"] = found["source_words"] or str(kind)
            found["source_kind"] = self._start["source_kind"]
        day = found["obtained_on"]
        if day and self._today and day > self._today:
            faults.append(_fault(RowFaultCode.DATE_AHEAD, self._header_of("obtained_on")))

    def _header_of(self, name: str) -> str:
        return self._headers[self._names[name]] if name in self._names else ""


class _OwnWords(str):
    """A source in words of the file's own."""

    __slots__ = ()


def _reader(target: Target, defaults: Defaults) -> Callable[[str], Any]:
    if target is Target.OBTAINED_ON:
        return partial(day_of, day_first=defaults.day_first)
    return _READERS.get(target) or partial(_short, most=_LENGTHS[target])


def _short(text: str, most: int) -> str:
    if len(text) > most:
        raise CellFaultError(RowFaultCode.TOO_LONG, f"This text is longer than {most} characters.")
    return text


def _source(text: str) -> SourceKind | _OwnWords:
    return vocabulary.source_kind_of(text) or _OwnWords(_short(text, _LENGTHS[Target.SOURCE_WORDS]))


def _fault(code: RowFaultCode, column: str = "") -> RowFault:
    return RowFault(code, ROW_WORDS[code], column)


def _is_heard(found: dict[str, Any], faults: list[RowFault]) -> bool:
    """A no needs an address and nothing else: of such a row nothing else is kept, so no other cell matters.

    With more cells than columns nobody knows under which header the no stands.
    """
    return found["opted_out"] and all(fault.code is not RowFaultCode.TOO_MANY_CELLS for fault in faults)


def _together(faults: list[RowFault]) -> RowFault:
    first, *more = faults
    return RowFault(first.code, first.words, first.column, tuple(more))


_LENGTHS: Final = {
    Target.COMPANY: 200,
    Target.NAME: 200,
    Target.FIRST_NAME: 100,
    Target.LAST_NAME: 99,
    Target.ROLE: 200,
    Target.RELEVANCE: 500,
    Target.SOURCE_WORDS: 500,
    Target.BASIS_WORDING: 500,
    Target.CONFIRMED_BY: 120,
}  # characters; those of the tables
_READERS: Final[dict[Target, Callable[[str], Any]]] = {
    Target.WEBSITE: site_of,
    Target.COUNTRY: vocabulary.country_of,
    Target.LANGUAGE: vocabulary.language_of,
    Target.TIME_ZONE: vocabulary.time_zone_of,
    Target.LEGAL_FORM: vocabulary.legal_form_of,
    Target.SOURCE_KIND: _source,
    Target.SOURCE_URL: page_of,
    Target.BASIS: vocabulary.basis_of,
    Target.BASIS_URL: page_of,
}
_UNKNOWN: Final[dict[str, Any]] = {
    **{target.value: "" for target in Target if target is not Target.ADDRESS},
    "legal_form": None,
    "source_kind": None,
    "obtained_on": None,
    "basis": None,
    "opted_out": False,
}
_BLANKS: Final = vocabulary.blanks()
_LONGEST_BLANK: Final = max(map(len, _BLANKS))
