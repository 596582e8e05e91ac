"""Placeholders that nobody filled in, of ours and of other people's tools (I11)."""

import re
from typing import Final

from crm.compose.markup import LINK

FOREIGN: Final = re.compile(
    r"\[\[[^\[\]\n]{0,60}\]\]"  # [[name]]
    r"|%[A-Za-z_]{2,40}%"  # %FIRSTNAME%
    r"|\*\|[^|\n]{1,60}\|\*"  # *|FNAME|*
    r"|\$\{[^{}\n]{0,60}\}"  # ${name}
    r"|<<[A-Za-z_ ]{1,40}>>"  # <<name>>
)
"""How other programs write a field."""

OURS: Final = re.compile(r"\{\{|\}\}|\{%|%\}|\{[A-Za-z_][A-Za-z_ .|]{0,60}\}")
NOTHING: Final = re.compile(r"\bNone\b(?! of\b)")
"""What an absent value looks like when a program prints it. `None of your pictures` is English."""

_QUOTED: Final = re.compile(r"^>.*$", re.MULTILINE)


def leftovers(text: str) -> list[str]:
    """Everything in a finished text that looks like a field somebody forgot, in order of pattern.

    Quoted lines (`>`) are other people's words, and web addresses have percent signs of their own:
    neither counts.
    """
    braces = "{" in text or "}" in text
    if not (braces or "%" in text or "None" in text or "[[" in text or "*|" in text or "<<" in text):
        return []
    own = LINK.sub(" ", _QUOTED.sub("", text)) if "%" in text or ">" in text else text
    return [match[0] for pattern in (OURS, FOREIGN, NOTHING) for match in pattern.finditer(own)]
