"""Plain text as HTML and back."""

from html.parser import HTMLParser

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.compose.markup import letter_html, links_in, words_of, words_of_text
from crm.kernel.text import clean_block


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Een\ntwee\n\n\ndrie", "<p>Een<br>twee</p>\n<p>drie</p>"),
        ("a < b & 'c' \"d\"", "<p>a &lt; b &amp; &#x27;c&#x27; &quot;d&quot;</p>"),
        ("Zie https://a.example/x.", '<p>Zie <a href="https://a.example/x">https://a.example/x</a>.</p>'),
        ("mailto:a@b.example!", '<p><a href="mailto:a@b.example">mailto:a@b.example</a>!</p>'),
        (
            "javascript:alert(1) ftp://x data:text/html,x",
            "<p>javascript:alert(1) ftp://x data:text/html,x</p>",
        ),
        ("https://", "<p>https://</p>"),
        ("Https://A.example", '<p><a href="Https://A.example">Https://A.example</a></p>'),
        ("HTTP://A.example", '<p><a href="HTTP://A.example">HTTP://A.example</a></p>'),
        ("Mailto:a@b.example", '<p><a href="Mailto:a@b.example">Mailto:a@b.example</a></p>'),
    ],
)
def test_a_letter_becomes_paragraphs_and_links(text: str, wanted: str) -> None:
    assert letter_html(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("(zie https://a.example/b)", ["https://a.example/b"]),
        ("https://a.example/b_(c)", ["https://a.example/b_(c)"]),
        ("https://a.example/b?c=d&e=f, en verder", ["https://a.example/b?c=d&e=f"]),
        ("„https://a.example“", ["https://a.example"]),
        ('"https://a.example"', ["https://a.example"]),
    ],
)
def test_a_link_ends_where_the_sentence_goes_on(text: str, wanted: list[str]) -> None:
    assert links_in(text) == wanted


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))


HOSTILE = st.lists(
    st.sampled_from(
        [
            "<",
            ">",
            "&",
            '"',
            "'",
            "https://x.example/",
            "mailto:a@b.example",
            "javascript:",
            "&lt;",
            "<script>",
            "\n",
            "\n\n",
            " ",
            "é",
            "(",
            ")",
            ".",
            "--",
            "</p>",
            "a",
        ]
    ),
    max_size=30,
).map("".join)


@given(HOSTILE)
def test_html_says_what_the_text_says(text: str) -> None:
    assert words_of(letter_html(clean_block(text))) == words_of_text(clean_block(text))


@given(HOSTILE | st.text(max_size=80))
def test_no_text_can_bring_its_own_markup(text: str) -> None:
    reader = _Reader()
    reader.feed(letter_html(clean_block(text)))
    for tag, attributes in reader.tags:
        assert tag in {"p", "br", "a"}
        assert [name for name, _ in attributes] == (["href"] if tag == "a" else [])
        assert all(
            (value or "").lower().startswith(("https://", "http://", "mailto:")) for _, value in attributes
        )


@given(HOSTILE | st.text(max_size=80))
def test_a_browser_shows_exactly_the_text(text: str) -> None:
    block = clean_block(text)
    tree = html5lib.parse(
        letter_html(block).replace("<br>", "\n"), treebuilder="etree", namespaceHTMLElements=False
    )
    assert "".join(tree.itertext()).split() == block.split()


def test_a_link_behind_other_words_counts_with_its_target() -> None:
    assert words_of('<p><a href="https://a.example/?b&amp;c">Stop</a></p>') == [
        "Stop:",
        "https://a.example/?b&c",
    ]


def test_the_title_is_no_part_of_the_letter() -> None:
    assert words_of("<html><head><title>x</title></head><body><p>y</p></body>") == ["y"]
