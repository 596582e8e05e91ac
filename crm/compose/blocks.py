"""One part of a message, encoded as far as it is the same for everybody; the rest line by line."""

import re
from binascii import b2a_qp
from collections.abc import Mapping
from itertools import groupby
from typing import Final, NamedTuple

_SLOT: Final = re.compile("\x00([a-z]+)\x00")


class Fixed(NamedTuple):
    """Lines that never change."""

    text: str
    octets: bytes


class Open(NamedTuple):
    """Lines with slots: even places are text as it is, odd ones name what goes there."""

    pieces: tuple[str, ...]

    def fill(self, values: Mapping[str, str]) -> str:
        """The lines, with the values in their places."""
        out = list(self.pieces)
        for place in range(1, len(out), 2):
            out[place] = values[out[place]]
        return "".join(out)


Blocks = tuple[Fixed | Open, ...]


def blocks(rendered: str) -> Blocks:
    """Cut a part between lines, where quoted-printable can be cut: it never looks beyond one (RFC 2045)."""
    found: list[Fixed | Open] = []
    for has_slot, lines in groupby(rendered.split("\n"), key=lambda line: "\x00" in line):
        text = "\n".join(lines) + "\n"
        found.append(Open(tuple(_SLOT.split(text))) if has_slot else Fixed(text, quoted(text)))
    return tuple(found)


def fill(parts: Blocks, values: Mapping[str, str]) -> tuple[str, bytes]:
    """A whole part: as text without its last line end, and as quoted-printable with it."""
    texts: list[str] = []
    octets: list[bytes] = []
    for part in parts:
        if isinstance(part, Fixed):
            texts.append(part.text)
            octets.append(part.octets)
        else:
            text = part.fill(values)
            texts.append(text)
            octets.append(quoted(text))
    return "".join(texts)[:-1], b"".join(octets)


def quoted(text: str) -> bytes:
    """Quoted-printable of whole lines: at most 76 octets each, CR LF everywhere."""
    return b2a_qp(text.replace("\n", "\r\n").encode(), istext=True)
