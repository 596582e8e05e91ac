"""Pages for people outside in Dutch, English, German and French, from `crm/web/translations/*.po`.

The catalogues are compiled in memory when a language is first asked for, so nobody has to build anything
after an edit, and a compiled file can never be older than its source.
"""

import io
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, g, has_request_context, request
from flask_babel import Babel, Domain, get_locale  # type: ignore[import-untyped] # ships no types

FOLDER: Final = Path(__file__).parents[1] / "translations"
NAMES: Final = MappingProxyType({"nl": "Nederlands", "en": "English", "de": "Deutsch", "fr": "Français"})
SOURCE: Final = "en"
"""The language the templates are written in: it has no catalogue."""

_LOCALES: Final = MappingProxyType({"en": "en_GB"})  # Europeans write the day first

_FIRST: Final = re.compile(r"(?<!\d)1 (?=[a-zéû]{3})")
"""The first of a month, as the library writes it in French."""

TIME_ZONE: Final = "Europe/Amsterdam"
"""Ours. A person outside is told times as our clocks show them."""


@cache
def catalogue(language: str) -> NullTranslations:
    """The texts of one language; the templates' own for English."""
    path = FOLDER / f"{language}.po"
    if language == SOURCE or not path.exists():
        return NullTranslations()
    with path.open("rb") as file:
        texts = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, texts)
    compiled.seek(0)
    return Translations(compiled)


class _Texts(Domain):  # type: ignore[misc] # the library ships no types
    """Hands out our own catalogues; the library would look for compiled files."""

    def get_translations(self) -> NullTranslations:
        return catalogue(get_locale().language)


def prefer(language: str) -> None:
    """Say in which language we write to the person this page is about."""
    g.crm_preferred_language = language


def language() -> str:
    """What the visitor chose, else theirs in our records, else their browser's, else English."""
    if not has_request_context():
        return SOURCE
    spoken = (value.partition("-")[0].lower() for value in request.accept_languages.values())
    wanted = (request.args.get("lang", ""), g.get("crm_preferred_language", ""), *spoken)
    return next((one for one in wanted if one in NAMES), SOURCE)


def install(app: Flask) -> None:
    """Give the app's templates their `_()` and their dates."""
    babel: Any = Babel(
        app,
        default_locale=SOURCE,
        default_timezone=TIME_ZONE,
        locale_selector=lambda: _LOCALES.get(language(), language()),
        timezone_selector=lambda: TIME_ZONE,
    )
    babel.domain_instance = _Texts()
    app.jinja_env.filters["dateformat"] = _in_french(app.jinja_env.filters["dateformat"])


def _in_french(plain: Callable[..., str]) -> Callable[..., str]:
    """The library writes “1 avril”; people write “1er avril”."""

    def dated(*given: Any, **more: Any) -> str:  # noqa: ANN401 - whatever the library's filter takes
        text = plain(*given, **more)
        return _FIRST.sub("1er ", text) if get_locale().language == "fr" else text

    return dated
