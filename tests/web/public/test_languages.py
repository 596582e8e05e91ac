"""Every text of the public pages is there in all four languages."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.messages.catalog import Message as Text
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from flask.testing import FlaskClient

from crm.web.public import languages

TEMPLATES = Path(__file__).parents[3] / "templates" / "public"
HOLES = re.compile(r"%\((\w+)\)[sd]")


def wanted() -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()
    for path in TEMPLATES.glob("*.html"):
        with path.open("rb") as file:
            for _line, message, _comments, _context in extract("jinja2.ext:babel_extract", file):
                found.add((message,) if isinstance(message, str) else tuple(m for m in message if m))
    return found


def texts(language: str) -> Iterator[Text]:
    with (languages.FOLDER / f"{language}.po").open("rb") as file:
        yield from (text for text in read_po(file, locale=language) if text.id)


@pytest.mark.parametrize("language", ["nl", "de", "fr"])
def test_nothing_is_missing_and_nothing_is_left_over(language: str) -> None:
    there = {(text.id,) if isinstance(text.id, str) else tuple(text.id) for text in texts(language)}
    assert there == wanted()


@pytest.mark.parametrize("language", ["nl", "de", "fr"])
def test_every_translation_is_done_and_has_the_same_holes(language: str) -> None:
    for text in texts(language):
        assert not text.fuzzy
        said = [text.string] if isinstance(text.string, str) else list(text.string or ())
        meant = [text.id] if isinstance(text.id, str) else list(text.id)
        assert all(said)
        assert {*HOLES.findall(str(said[-1]))} == {*HOLES.findall(str(meant[-1]))}


@pytest.mark.parametrize(
    ("header", "expected"),
    [("fr-BE, en;q=0.5", "fr"), ("de", "de"), ("ja", "en"), ("", "en"), ("x" * 5000, "en"), (";q=,;;", "en")],
)
def test_a_browser_says_which_language_it_wants(client: FlaskClient, header: str, expected: str) -> None:
    page = client.get("/objection", headers={"Accept-Language": header}).text
    assert f'<html lang="{expected}"' in page


def test_what_they_choose_wins_over_what_we_know(client: FlaskClient, url: str) -> None:
    assert '<html lang="fr"' in client.get(url + "?lang=fr", headers={"Accept-Language": "de"}).text


def test_what_we_know_wins_over_the_browser(client: FlaskClient, url: str) -> None:
    assert '<html lang="nl"' in client.get(url, headers={"Accept-Language": "de"}).text


def test_the_chosen_language_stays_after_confirming(client: FlaskClient, url: str) -> None:
    page = client.get(url + "?lang=de").text
    action = re.search(r'action="([^"]+)"', page)
    assert action
    assert '<html lang="de"' in client.post(action[1], data={"choice": "never"}).text


def test_the_first_of_a_month_is_written_as_the_french_write_it(client: FlaskClient) -> None:
    moments = {
        datetime(2027, 4, 1, 12, tzinfo=UTC): "1er avril 2027",
        datetime(2027, 4, 21, 12, tzinfo=UTC): "21 avril 2027",
    }
    app = client.application
    with app.test_request_context("/?lang=fr"):
        dated = app.jinja_env.filters["dateformat"]
        assert {moment: dated(moment, "long") for moment in moments} == moments
