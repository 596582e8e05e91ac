"""HTML mail as plain text: quotes marked by `>`, links with their address, nothing of what is hidden."""

import re
from html import unescape
from html.parser import HTMLParser
from typing import Final

import nh3

MOST: Final = 60_000
"""Characters from the body on."""

_DEEPEST: Final = 3_000
"""Tags that are opened and never closed: nesting takes the square of their number, so they are cut out."""

_TAG: Final = re.compile(r"<[^<>]{0,500}>?")
_HIDDEN: Final = {"script", "style", "title", "template", "object", "svg", "noscript"}
_BLOCKS: Final = frozenset(
    {
        "p",
        "div",
        "br",
        "tr",
        "li",
        "ul",
        "ol",
        "table",
        "h1",
        "h2",
        "h3",
        "h4",
        "hr",
        "pre",
        "section",
        "article",
    }
)
_VOID: Final = frozenset({"br", "hr", "img", "input", "meta", "link", "wbr", "area", "base", "col", "source"})
_QUOTES: Final = re.compile(
    r"gmail_quote|gmail_attr|yahoo_quoted|moz-cite-prefix|protonmail_quote|tutanota_quote|zmail_extra|quoted-text"
    r"|gmail_extra|ydp\w*yahoo_quoted|qt-quote|cite-prefix"
)
# From here to the end everything is the earlier mail, without any other mark.
_CUTS: Final = re.compile(
    r"divrplyfwdmsg|appendonsend|mail-editor-reference-message|ms-outlook-mobile-reference|olk_src"
)


def text_of_html(html: str) -> str:
    """The text a reader sees.

    Cleaned first: on what is no HTML the standard library's parser takes the square of its length.
    """
    start = max(html.find("<body"), html.find("<BODY"), 0)
    html = html[start : start + MOST]
    if html.count("<") - 2 * html.count("</") > _DEEPEST:
        return " ".join(unescape(_TAG.sub(" ", html)).split())
    reader = _Reader()
    reader.feed(
        nh3.clean(
            html,
            tags=set(_BLOCKS | {"a", "blockquote"}),
            clean_content_tags=_HIDDEN,
            attributes={"*": {"class", "id"}, "a": {"href", "class", "id"}},
            link_rel=None,
            url_schemes={"http", "https", "mailto"},
        )
    )
    reader.close()
    return reader.text()


class _Reader(HTMLParser):
    """Collects lines; inside quotes each begins with `>`."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[tuple[bool, list[str]]] = [(False, [])]
        self._quoting: list[tuple[str, int]] = []
        self._is_cut = False
        self._link = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._open(tag, values)
        if tag in _BLOCKS or tag == "blockquote":
            self._new_line()
        if tag == "a":
            self._link = values.get("href", "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._link.startswith(("http://", "https://", "mailto:")):
            self.handle_data(f" <{self._link}>")
        if tag == "a":
            self._link = ""
        if self._quoting and self._quoting[-1][0] == tag:
            depth = self._quoting[-1][1] - 1
            self._quoting[-1:] = [(tag, depth)] if depth else []
        if tag in _BLOCKS or tag == "blockquote":
            self._new_line()

    def handle_data(self, data: str) -> None:
        self._lines[-1][1].append(data)

    def _open(self, tag: str, values: dict[str, str]) -> None:
        marks = f"{values.get('class', '')} {values.get('id', '')}".lower()
        self._is_cut = self._is_cut or bool(_CUTS.search(marks))
        if self._quoting and self._quoting[-1][0] == tag and tag not in _VOID:
            self._quoting[-1] = (tag, self._quoting[-1][1] + 1)
        elif tag == "blockquote" or (_QUOTES.search(marks) and tag not in _VOID):
            self._quoting.append((tag, 1))

    def _new_line(self) -> None:
        self._lines.append((bool(self._quoting) or self._is_cut, []))

    def text(self) -> str:
        """All lines, blanks collapsed."""
        joined = ((quoted, " ".join("".join(pieces).split())) for quoted, pieces in self._lines)
        return "\n".join(f"> {line}" if quoted else line for quoted, line in joined)
