"""From plain text to the HTML of a letter, and from either back to its words."""

import html
import re
from itertools import zip_longest
from typing import Final

_WEB: Final = r"https?://[^\s<>\"\x00]{1,2000}"
_USUAL: Final = re.compile(_WEB)  # begins with letters the engine can look for, three times as fast
LINK: Final = re.compile(rf"(?i:{_WEB})|(?i:mailto):[^\s<>\"\x00@]{{1,100}}@[^\s<>\"\x00]{{1,300}}")
"""A web address as it stands in text; trailing punctuation is cut by `links_in`."""

_PUNCTUATION: Final = ".,:;!?\u2026'\u2019\u201c\u201d»*_~"
_PAIRS: Final = {")": "(", "]": "["}
_BLANK_LINES: Final = re.compile(r"\n\s*\n")
_ANCHOR: Final = re.compile(r'<a href="([^"]*)">([^<]*)</a>')
_LANGUAGE: Final = re.compile(r'<!doctype html>\s*<html lang="([a-z]+)"')
_TAG: Final = re.compile(r"<[^>]*>")
_BARE: Final = frozenset({"<body>", "</body>", "</body></html>"})
RULE: Final = "--"
"""Parts letter and footer in plain text; HTML needs none."""


def links_in(text: str) -> list[str]:
    """The web addresses in a text, in order, without the punctuation that closes a sentence."""
    return [found for match in LINK.finditer(text) if (found := _trimmed(match[0]))]


def letter_html(text: str) -> str:
    """Paragraphs and links, nothing else: blank lines part paragraphs, links show where they go.

    `text` has plain newlines (`clean_block`). Everything that is not an address is escaped.
    """
    paragraphs = _BLANK_LINES.split(_linkified(text).strip("\n"))
    return "\n".join(["<p>" + paragraph.replace("\n", "<br>") + "</p>" for paragraph in paragraphs])


def words_of_text(text: str) -> list[str]:
    """The words of a plain text with their punctuation; the dashes above the footer are none."""
    return [word for word in text.split() if word != RULE]


def words_of(document: str) -> list[str]:
    """The words of an HTML part: what is shown, and the target of a link that shows other words."""
    language = _LANGUAGE.match(document)
    body = document.partition("</head>")[2] or document
    return _shown(body, colon(language[1] if language else ""))


def _shown(markup: str, mark: str) -> list[str]:
    def told(anchor: re.Match[str]) -> str:
        target, label = anchor.groups()
        return label if label == target else f"{label}{mark}{target}"

    return words_of_text(html.unescape(_TAG.sub(" ", _ANCHOR.sub(told, markup))))


def same_words(text: str, document: str) -> bool:
    """Tell whether both parts of a message say the same, word for word.

    Compared line by line first, since most lines differ in their tags only. Where lines do not pair, the
    words of the whole decide.
    """
    language = _LANGUAGE.match(document)
    mark = colon(language[1] if language else "")
    body = document.partition("</head>")[2] or document
    bare = body.replace("<br>", "\n").replace("<p>", "").replace("</p>", "")
    lines = [line for line in text.split("\n") if line and line != RULE]
    shown = [line for line in bare.split("\n") if line and line not in _BARE]
    if shown and shown[-1].startswith("<img "):
        shown.pop()
    unlike = [
        (one, other)
        for one, other in zip_longest(lines, shown, fillvalue="")
        if one != other or "<" in other or "&" in other
    ]
    return all(_same_line(one, other, mark) for one, other in unlike) or words_of_text(text) == words_of(
        document
    )


def _same_line(text: str, line: str, mark: str) -> bool:
    if line == html.escape(text):
        return True
    # A tag that goes on in the next line would be a word here and none there.
    return line.count("<") == line.count(">") and words_of_text(text) == _shown(line, mark)


def colon(language: str) -> str:
    """What stands between words and the address they point to in plain text; French parts it from them."""
    return "\u00a0: " if language == "fr" else ": "


def _linkified(text: str) -> str:
    out: list[str] = []
    seen = 0
    unusual = "ailto:" in text or "AILTO:" in text or "Http" in text or "HTTP" in text
    for match in (LINK if unusual else _USUAL).finditer(text):
        if link := _trimmed(match[0]):
            target = html.escape(link)
            out += (html.escape(text[seen : match.start()]), f'<a href="{target}">{target}</a>')
            seen = match.start() + len(link)
    out.append(html.escape(text[seen:]))
    return "".join(out)


def _trimmed(link: str) -> str:
    """The address without what belongs to the sentence: a full stop, a bracket opened before it."""
    while link:
        last = link[-1]
        opening = _PAIRS.get(last)
        unpaired = opening is not None and link.count(last) > link.count(opening)
        if last not in _PUNCTUATION and not unpaired:
            break
        link = link[:-1]
    return link if len(link) > len("https://") else ""
