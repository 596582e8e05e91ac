"""What stands around the words of a mail, from `marks.toml`."""

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from mailparser_reply.parser import EmailMessage  # type: ignore[import-untyped]  # ships no types

_FILE: Final = Path(__file__).with_name("marks.toml")
_NAME: Final = r"[\s,.!]*(?P<name>(?:[a-z][\w.'&-]*[\s,.]*){0,3})"
_LIBRARY_LANGUAGES: Final = ("nl", "de", "fr", "en", "es", "it", "da", "sv", "pl")


class Marks(NamedTuple):
    """Patterns over folded lines."""

    headers: re.Pattern[str]
    fields: re.Pattern[str]
    sign_offs: re.Pattern[str]
    sent_from: re.Pattern[str]
    disclaimers: re.Pattern[str]
    postscripts: re.Pattern[str]


@cache
def marks() -> Marks:
    """The shipped patterns."""
    found = tomllib.loads(_FILE.read_text("utf-8"))
    return Marks(
        headers=_whole(found["headers"], before=r"(?:> ?)*"),
        fields=_whole(found["fields"], before=r"(?:> ?)*"),
        sign_offs=_whole(found["sign_offs"], after=_NAME),
        sent_from=_whole(found["sent_from"]),
        disclaimers=_beginning(found["disclaimers"]),
        postscripts=_beginning(found["postscripts"]),
    )


@cache
def library_headers() -> re.Pattern[str]:
    """The library's pattern for headers of quoted mail, over text that is not folded."""
    pattern: re.Pattern[str] = EmailMessage(text="", languages=list(_LIBRARY_LANGUAGES)).HEADER_REGEX
    return pattern


def _whole(patterns: Sequence[str], *, before: str = "", after: str = "") -> re.Pattern[str]:
    return re.compile(f"{before}(?:{'|'.join(patterns)}){after}$")


def _beginning(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(patterns))
