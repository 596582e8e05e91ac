"""Text from outside, made safe to keep, to print and to put on one line."""

import re
import unicodedata

_BREAKS = re.compile(r"\r\n?|\x0b|\x0c|\x85|\u2028|\u2029")
# Controls but tab and newline, zero-width and direction marks, lone surrogates, the byte order mark.
_HIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_BLANKS = re.compile(r"\s+")
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)  # what any integer column takes


def one_line(text: str) -> str:
    """The text on one line: no breaks, controls or direction marks, blanks collapsed, NFC."""
    if text.isprintable():  # nearly all names: nothing to take out but blanks
        return unicodedata.normalize("NFC", " ".join(text.split()))
    return unicodedata.normalize("NFC", _BLANKS.sub(" ", _HIDDEN.sub("", _BREAKS.sub(" ", text)))).strip()


def clean_block(text: str) -> str:
    """The text with ordinary newlines and without controls or direction marks, NFC, ends trimmed."""
    if text.replace("\n", "").isprintable():
        return unicodedata.normalize("NFC", text).strip()
    return unicodedata.normalize("NFC", _HIDDEN.sub("", _BREAKS.sub("\n", text))).strip()


def has_hidden(text: str) -> bool:
    """Tell whether a text holds characters that nobody types: controls, direction marks, line separators."""
    return bool(_HIDDEN.search(text) or _BREAKS.search(text))


def whole_number(text: object) -> int | None:
    """A number as a form sends it, 0 to 999,999,999; None for anything else, however long it is."""
    written = str(text or "").strip()
    return int(written) if _NUMBER.fullmatch(written) else None
