"""What somebody wrote themselves, told apart from what their mail program put around it."""

from dataclasses import dataclass
from typing import Final

from crm.kernel.text import clean_block
from crm.replies.folding import fold
from crm.replies.marks import library_headers, marks

MOST: Final = 20_000  # characters that are read; answers are shorter
LONGEST_LINE: Final = (
    300  # characters; longer lines are no quote header, and patterns take their time on them
)
_FIELDS_WITHIN: Final = 3  # lines
_PARTICLES: Final = frozenset(
    {"de", "den", "der", "van", "von", "zu", "du", "la", "le", "&", "en", "und", "et", "and"}
)
_SEPARATORS: Final = frozenset({"--", "- --", "__"})


@dataclass(frozen=True, slots=True)
class NewText:
    """A body in its pieces."""

    text: str
    """Their own words, line by line, greeting included."""

    signature: str
    """What stands under the sign-off, disclaimers included."""

    quoted: str
    """The earlier mail, as far as it is there."""


def new_text(body: str) -> NewText:
    """Split a body. An answer below or between quoted lines counts as their own."""
    lines = clean_block(body.replace("\u00a0", " "))[:MOST].split("\n")
    start = _header(lines)
    own, quoted = _unquoted(lines[:start])
    answers, rest = _unquoted(lines[start:])
    if rest:
        own += _without_header(answers)
        quoted += rest
    else:
        quoted += answers
    words, signature = _signed(own)
    return NewText(*("\n".join(piece).strip() for piece in (words, signature, quoted)))


def without_disclaimer(signature: str) -> str:
    """A signature without the paragraphs that lawyers wrote."""
    paragraphs = signature.split("\n\n")
    return "\n\n".join(one for one in paragraphs if not marks().disclaimers.match(fold(one).strip()))


def _header(lines: list[str]) -> int:
    """The number of the line that begins the earlier mail; the number of lines when none does."""
    short = [line if len(line) <= LONGEST_LINE else "" for line in lines]
    found = library_headers().search("\n".join(short))
    by_library = "\n".join(short)[: found.start() + 1].count("\n") if found else len(lines)
    folded = [fold(line).strip() for line in short]
    by_line = next(
        (place for place, line in enumerate(folded) if _begins_quote(folded, place, line)), len(lines)
    )
    return min(by_library, by_line)


def _begins_quote(folded: list[str], place: int, line: str) -> bool:
    known = marks()
    if known.headers.match(line):
        return True
    # An attribution that was broken over two lines ends in a colon.
    following = folded[place + 1] if place + 1 < len(folded) else ""
    if following.endswith(":") and known.headers.match(f"{line} {following}"[:LONGEST_LINE]):
        return True
    if not known.fields.match(line):
        return False
    names = {
        other.partition(":")[0].strip("> *")
        for other in folded[place : place + _FIELDS_WITHIN]
        if known.fields.match(other)
    }
    return len(names) > 1


def _unquoted(lines: list[str]) -> tuple[list[str], list[str]]:
    """Lines without a quotation mark in front, and those with one."""
    marked = [line.lstrip().startswith((">", "|>")) for line in lines]
    own = [line for line, is_marked in zip(lines, marked, strict=True) if not is_marked]
    return own, [line for line, is_marked in zip(lines, marked, strict=True) if is_marked]


def _without_header(lines: list[str]) -> list[str]:
    """An answer below or between a quote, without the header's own lines."""
    known = marks()
    ends = [place for place, line in enumerate(lines[:2]) if fold(line).rstrip().endswith(":")]
    body = lines[ends[-1] + 1 :] if ends else lines
    return [
        line for line in body if not known.headers.match(fold(line)) and not known.fields.match(fold(line))
    ]


def _signed(lines: list[str]) -> tuple[list[str], list[str]]:
    """Words above the signature, and the signature; a postscript belongs to the words."""
    known = marks()
    words: list[str] = []
    signature: list[str] = []
    is_below = False
    for line in lines:
        folded = fold(line).strip()
        if known.postscripts.match(folded):
            is_below = False
        elif _ends_words(line.strip(), folded, has_words=any(map(str.strip, words))):
            is_below = True
        elif known.sent_from.match(folded):
            continue
        (signature if is_below else words).append(line)
    return words, signature


def _ends_words(line: str, folded: str, *, has_words: bool) -> bool:
    known = marks()
    if line in _SEPARATORS or known.disclaimers.match(folded):
        return True
    found = known.sign_offs.match(folded)
    if not has_words or not found:
        return False
    count = len(found["name"].split())
    name = line.split()[-count:] if count else []
    return all(word[:1].isupper() or word in _PARTICLES for word in name)
