"""Text in the form in which phrases are looked for."""

import re
from typing import Final

from crm.kernel.months import plain

_PLAIN: Final = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u00b4`", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2013\u2014", "-"),
        **dict.fromkeys("\u00a0\u202f", " "),
        **dict.fromkeys("\u00ad\u200b", ""),
    }
)
_BLANKS: Final = re.compile(r"[ \t]+")


def fold(text: str) -> str:
    """Lower case without accents, plain quotes and hyphens, single blanks; line breaks stay."""
    return _BLANKS.sub(" ", plain(text.translate(_PLAIN)))
