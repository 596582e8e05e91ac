"""Take the open pixel out of a finished message: its reader said no while it waited (D4)."""

import re
from typing import Final

from markupsafe import escape

from crm.compose.blocks import quoted
from crm.compose.notices import Measuring, measuring_line
from crm.compose.wire import ForeignFormError, WireMail
from crm.kernel.mail import Language

_PIXEL: Final = re.compile(r'<img src="[^"<>]+" width="1" height="1" alt="">\n(?=</body></html>\Z)')
_LANGUAGE: Final = re.compile(r'<html lang="([a-z]{2})">')


def without_pixel(wire: bytes) -> bytes:
    """The same message as if it had been written without one; nor does it say any more that it has one.

    Raises:
        ForeignFormError: the bytes are not ours, or hold no pixel where ours have it.
    """
    mail = WireMail.read(wire)
    html, found = _PIXEL.subn("", mail.html)
    language = _LANGUAGE.search(html)
    if not found or language is None:
        raise ForeignFormError
    text = mail.text
    for measuring in (Measuring.INDIVIDUAL, Measuring.AGGREGATE):
        for line in measuring_line(Language(language[1]), measuring):
            text = _without_last(text, f"\n{line.words}\n")
            html = _without_last(html, f"\n<p>{escape(line.words)}</p>\n")
    head, _, content = wire.partition(b"\r\n\r\n")
    mark, _, _ = content.partition(b"\r\n")
    opening, plain, marked, closing = content.split(mark)
    return head + b"\r\n\r\n" + mark.join((opening, _filled(plain, text), _filled(marked, html), closing))


def _filled(part: bytes, text: str) -> bytes:
    head, _, _ = part.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n" + quoted(text + "\n")


def _without_last(text: str, line: str) -> str:
    """Without a paragraph of the frame, which stands below the letter: that may say the same."""
    before, found, after = text.rpartition(line)
    return f"{before}\n{after}" if found else text
