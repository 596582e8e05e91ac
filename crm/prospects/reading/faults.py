"""What can be wrong with a file or with one of its rows, in the words the colleague reads."""

import enum
from dataclasses import dataclass
from typing import Final

from crm.kernel.errors import CrmError


class FileFaultCode(enum.StrEnum):
    """Why a whole file cannot be imported."""

    UNREADABLE = "unreadable"
    EMPTY = "empty"
    NO_ROWS = "no_rows"
    TOO_LARGE = "too_large"
    TOO_MANY_COLUMNS = "too_many_columns"
    LINE_TOO_LONG = "line_too_long"
    OPEN_QUOTE = "open_quote"
    ENCODING = "encoding"
    MIXED_ENCODING = "mixed_encoding"
    NOT_A_TABLE = "not_a_table"
    WEB_PAGE = "web_page"
    OLD_EXCEL = "old_excel"
    OTHER_ARCHIVE = "other_archive"
    BROKEN_WORKBOOK = "broken_workbook"
    BOMB = "bomb"
    MAPPING = "mapping"


class FileFault(CrmError):  # noqa: N818 - the fault lies in the file, not in the program
    """The file cannot be imported as it is. The words say what to do and repeat nothing that stands in it."""

    def __init__(self, code: FileFaultCode, words: str, *, line: int | None = None) -> None:
        super().__init__(words)
        self.code = code
        self.words = words
        self.line = line
        """Line in the file, or row of the sheet; 1 is the first."""


class RowFaultCode(enum.StrEnum):
    """Why one row was not imported."""

    NO_ADDRESS = "no_address"
    SEVERAL_ADDRESSES = "several_addresses"
    BAD_ADDRESS = "bad_address"
    NEEDS_REVIEW = "needs_review"
    NO_COMPANY = "no_company"
    TOO_MANY_CELLS = "too_many_cells"
    TOO_LONG = "too_long"
    FORMULA = "formula"
    COUNTRY = "country"
    LANGUAGE = "language"
    TIME_ZONE = "time_zone"
    LEGAL_FORM = "legal_form"
    LINK = "link"
    PROFILE = "profile"
    DATE = "date"
    DATE_UNCLEAR = "date_unclear"
    DATE_AHEAD = "date_ahead"
    SOURCE = "source"
    PURCHASED = "purchased"
    BASIS = "basis"
    OPT_OUT_UNCLEAR = "opt_out_unclear"


ROW_WORDS: Final = {
    RowFaultCode.NO_ADDRESS: "There is no e-mail address in this row.",
    RowFaultCode.SEVERAL_ADDRESSES: "There are several addresses in one cell. Make a row for each.",
    RowFaultCode.BAD_ADDRESS: "This is not an e-mail address.",
    RowFaultCode.NEEDS_REVIEW: "This address mixes or imitates letters of another alphabet and needs review: "
    "type it again from the source.",
    RowFaultCode.NO_COMPANY: "There is no company in this row, and its mailbox does not tell which it is.",
    RowFaultCode.TOO_MANY_CELLS: "This row has more cells than the header: "
    "often a separator or a quotation mark that belongs to a text.",
    RowFaultCode.TOO_LONG: "This text is longer than the field.",
    RowFaultCode.FORMULA: "This cell has a formula or an error instead of a value. Paste it as a value.",
    RowFaultCode.COUNTRY: "This country is not known. Use its name or its two letters, as in NL.",
    RowFaultCode.LANGUAGE: "This language is not known. Use its name or its two letters, as in nl.",
    RowFaultCode.TIME_ZONE: "This time zone does not exist. Write it as Europe/Amsterdam.",
    RowFaultCode.LEGAL_FORM: "This legal form is not known. Leave the cell empty when nobody looked it up.",
    RowFaultCode.LINK: "This is not the address of a web page.",
    RowFaultCode.PROFILE: "This is a person's page on a network, which is not kept. Leave the column out.",
    RowFaultCode.DATE: "This is not a date. Write it as 2026-11-23.",
    RowFaultCode.DATE_UNCLEAR: "Day and month cannot be told apart here. Write the date as 2026-11-23.",
    RowFaultCode.DATE_AHEAD: "This date lies in the future.",
    RowFaultCode.SOURCE: "This kind of source is not known. "
    "Use website, fair, referral, inbound, customer or register.",
    RowFaultCode.PURCHASED: "Addresses from purchased lists and databases are refused.",
    RowFaultCode.BASIS: "This basis is not known. "
    "Use published_address, customer, consent or legitimate_interest.",
    RowFaultCode.OPT_OUT_UNCLEAR: "It is not clear whether this person opted out. Write yes or no.",
}


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with one row. Says which column, never what stood there."""

    code: RowFaultCode
    words: str
    column: str
    """The header above the cell; empty when the fault is the whole row's."""

    more: tuple["RowFault", ...] = ()
    """What else is wrong with the same row."""

    @property
    def reason(self) -> str:
        """Everything that is wrong, with the columns, in one text."""
        faults = (self, *self.more)
        return " ".join(f"{fault.column}: {fault.words}" if fault.column else fault.words for fault in faults)


class CellFaultError(Exception):
    """One cell cannot be understood; only used between the readers of cells and the reader of rows."""

    def __init__(self, code: RowFaultCode, words: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.words = words or ROW_WORDS[code]
