"""Read back the bytes this room writes. Strict: what is not exactly our own form is not read at all.

The standard library's parser takes milliseconds a message and forgives; this one is for the lint on the way
to the claim. In the tests the library is the judge of both.
"""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from binascii import a2b_qp
from dataclasses import dataclass
from typing import Final, Self

from crm.compose.headers import MAX_LINE

_BOUNDARY: Final = re.compile(r'multipart/alternative; boundary="(=_[0-9a-f]{24})"')
_HEADER: Final = re.compile(r"([A-Za-z-]+): (.*)", re.DOTALL)
_FOLD: Final = "\r\n "
_ENCODED: Final = re.compile(r"=\?utf-8\?b\?([A-Za-z0-9+/=]*)\?=(?:\r\n )?")
_PART: Final = (
    b'\r\nContent-Type: text/%b; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
)


class ForeignFormError(ValueError):
    """These bytes were not written by this room, or were altered since."""


@dataclass(frozen=True, slots=True)
class WireMail:
    """A message read back."""

    headers: dict[str, list[str]]
    """Values by lower-case name, as on the wire: still encoded, still folded."""

    text: str
    html: str

    @classmethod
    def read(cls, wire: bytes) -> Self:
        """Take a message apart.

        Raises:
            ForeignFormError: line ends, length, structure or encoding are not ours.
        """
        lines = wire.split(b"\r\n")
        if not wire.isascii() or b"\x00" in wire or max(map(len, lines)) > MAX_LINE:
            raise ForeignFormError
        if not len(lines) - 1 == wire.count(b"\n") == wire.count(b"\r"):
            raise ForeignFormError
        head, _, content = wire.partition(b"\r\n\r\n")
        headers = _headers(head.decode("ascii"))
        boundary = _BOUNDARY.fullmatch("".join(headers.get("content-type", [])))
        if boundary is None:
            raise ForeignFormError
        parts = content.split(b"--" + boundary[1].encode("ascii"))
        if len(parts) != 4 or parts[0] or parts[3] != b"--\r\n":
            raise ForeignFormError
        return cls(headers, _content(parts[1], b"plain"), _content(parts[2], b"html"))

    def one(self, name: str) -> str:
        """The value of a header that is there once, or nothing."""
        values = self.headers.get(name.lower(), [])
        return values[0] if len(values) == 1 else ""

    @property
    def subject(self) -> str:
        """The subject in words.

        Raises:
            ForeignFormError: an encoded word of another make.
        """
        value = self.one("Subject")
        if "=?" not in value:
            return value.replace(_FOLD, " ")
        try:
            return b"".join([b64decode(word, validate=True) for word in _ENCODED.findall(value)]).decode()
        except (Base64Error, UnicodeDecodeError) as error:
            raise ForeignFormError from error


def _headers(head: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in re.split(r"\r\n(?! )", head):
        match = _HEADER.fullmatch(line)
        if match is None:
            raise ForeignFormError
        found.setdefault(match[1].lower(), []).append(match[2])
    return found


def _content(part: bytes, kind: bytes) -> str:
    opening = _PART % kind
    if not part.startswith(opening) or not part.endswith(b"\r\n"):
        raise ForeignFormError
    try:
        text = a2b_qp(part[len(opening) : -2]).decode()
    except UnicodeDecodeError as error:
        raise ForeignFormError from error
    return text.replace("\r\n", "\n")
