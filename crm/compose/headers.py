"""Header values as they go over the wire: checked, encoded, folded only where folding is harmless."""

import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from crm.kernel.addresses import EmailAddress
from crm.kernel.errors import CrmError

MAX_LINE: Final = 998
"""Octets a line may have, without CR LF: RFC 5322 section 2.1.1."""

FOLD_AT: Final = 76
"""Where subject and names fold: RFC 2047 section 2 allows 76 for a line that has an encoded word."""

_WORD_OVERHEAD: Final = len("=?utf-8?b??=")
_MAX_ENCODED_WORD: Final = 75
_HIDDEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)  # controls, line separators, direction marks, lone surrogates
_DOT_ATOM: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN: Final = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*"
)
_MESSAGE_ID: Final = re.compile(r"<[!-;=?-~]+>")
_TOKEN: Final = re.compile(r"[!-~]+(?: [!-~]+)*")
_WEB: Final = re.compile(
    r"(?:https://[a-z0-9.-]+(?::\d+)?|http://(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?)(?:[/?#][!#-;=?-~]*)?",
    re.IGNORECASE,
)
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MAILTO: Final = re.compile(r"mailto:[!#-+\--;=?-~]+@[!#-+\--;=?-~]+")


class UnsafeHeaderError(CrmError, ValueError):
    """A value that would break out of its header, or cannot stand in it. Never repeats the value."""

    def __init__(self, header: str) -> None:
        super().__init__(f"this value cannot stand in a mail header: {header}")
        self.header = header


class UnencodableError(CrmError):
    """The address cannot be written without SMTPUTF8 (RFC 6531), which next hops rarely offer."""

    def __init__(self) -> None:
        super().__init__("this address needs an extension of mail that is not in use here")


def address(mailbox: EmailAddress) -> str:
    """The addr-spec in ASCII.

    Raises:
        UnencodableError: the local part has other letters, or would need quoting.
    """
    if not _DOT_ATOM.fullmatch(mailbox.local) or not _DOMAIN.fullmatch(mailbox.domain):
        raise UnencodableError
    return f"{mailbox.local}@{mailbox.domain}"


def mailbox_with_name(header: str, name: str, mailbox: EmailAddress) -> str:
    """`"Name" <address>`; letters outside ASCII as encoded words, which may not stand in quotation marks."""
    _refuse_hidden(header, name)
    spec = address(mailbox)
    if not name.strip():
        return f"<{spec}>"
    if name.isascii() and "=?" not in name and len(name) <= FOLD_AT:
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}" <{spec}>'
    return f"{_encoded(name, start=len(header) + 2)}\r\n <{spec}>"


def unstructured(header: str, text: str) -> str:
    """Free text such as a subject, folded at 76 columns; RFC 2047 where it is not plain ASCII.

    Raises:
        UnsafeHeaderError: a control character, line break, direction mark or lone surrogate.
    """
    _refuse_hidden(header, text)
    start = len(header) + 2
    plain = text.isascii() and "=?" not in text and text == " ".join(text.split())
    if plain and start + len(text) <= FOLD_AT:
        return text
    if plain and all(len(word) < FOLD_AT - start for word in text.split()):
        return "\r\n ".join(_folded(text.split(), start))
    return _encoded(text, start=start)


def message_id(header: str, text: str) -> str:
    """One `<…>` for Message-ID and In-Reply-To, never folded or encoded (RFC 2047 forbids it there)."""
    if not _MESSAGE_ID.fullmatch(text) or "=?" in text or len(header) + 2 + len(text) > MAX_LINE:
        raise UnsafeHeaderError(header)
    return text


def references(identifiers: tuple[str, ...]) -> str:
    """The thread, unfolded: a fold inside it broke signatures at some relays."""
    joined = " ".join([message_id("References", each) for each in identifiers])
    if len("References: ") + len(joined) > MAX_LINE:
        raise UnsafeHeaderError("References")
    return joined


def token(header: str, text: str) -> str:
    """Printable ASCII words with single spaces, such as Feedback-ID; unfolded."""
    if not _TOKEN.fullmatch(text) or "=?" in text or len(header) + 2 + len(text) > MAX_LINE:
        raise UnsafeHeaderError(header)
    return text


def web_address(header: str, url: str) -> str:
    """An https address, or http to this very machine, that can stand in `<>` and in `href`."""
    if not _WEB.fullmatch(url):
        raise UnsafeHeaderError(header)
    return url


def list_unsubscribe(url: str, mailto: str | None) -> str:
    """RFC 2369 and 8058: one https address, then the mailto; unfolded, whatever its length up to 998."""
    value = f"<{web_address('List-Unsubscribe', url)}>"
    if mailto is not None:
        if not _MAILTO.fullmatch(mailto):
            raise UnsafeHeaderError("List-Unsubscribe")
        value += f", <{mailto}>"
    return token("List-Unsubscribe", value)


def date(at: datetime) -> str:
    """RFC 5322 section 3.3.

    Raises:
        UnsafeHeaderError: the time has no offset.
    """
    offset = at.utcoffset()
    if offset is None:
        raise UnsafeHeaderError("Date")
    minutes = abs(int(offset.total_seconds())) // 60
    sign = "-" if offset < timedelta(0) else "+"
    clock = f"{at.hour:02}:{at.minute:02}:{at.second:02} {sign}{minutes // 60:02}{minutes % 60:02}"
    return f"{_DAYS[at.weekday()]}, {at.day:02} {_MONTHS[at.month - 1]} {at.year:04} {clock}"


def _refuse_hidden(header: str, text: str) -> None:
    if _HIDDEN.search(text):
        raise UnsafeHeaderError(header)


def _folded(words: list[str], start: int) -> Iterator[str]:
    line = ""
    room = FOLD_AT - start
    for word in words:
        if line and len(line) + 1 + len(word) > room:
            yield line
            line, room = word, FOLD_AT - 1
        else:
            line = f"{line} {word}" if line else word
    yield line


def _encoded(text: str, *, start: int) -> str:
    """Encoded words of at most 75 characters, cut between characters, never inside one (RFC 2047)."""
    octets = text.encode()
    words: list[str] = []
    room = min(_MAX_ENCODED_WORD, FOLD_AT - start)
    while octets or not words:
        cut = (room - _WORD_OVERHEAD) // 4 * 3
        while cut < len(octets) and octets[cut] & 0xC0 == 0x80:  # inside a character
            cut -= 1
        words.append(f"=?utf-8?b?{b64encode(octets[:cut]).decode('ascii')}?=")
        octets, room = octets[cut:], _MAX_ENCODED_WORD
    return "\r\n ".join(words)
