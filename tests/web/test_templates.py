"""No template opens a door that our Content Security Policy, our token or Jinja's escaping has closed."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import vendor

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "templates"
PAGES = [path for path in sorted(TEMPLATES.rglob("*.html")) if path.relative_to(TEMPLATES).parts[0] != "mail"]
"""Mails are read in mail programs, where other rules hold."""

FORM = re.compile(r"<form\b(?P<head>[^>]*)>(?P<body>.*?)</form>", re.DOTALL)


def bare(source: str) -> str:
    """The markup without Jinja: statements and comments gone, expressions a letter."""
    source = re.sub(r"\{#.*?#\}", "", source, flags=re.DOTALL)
    source = re.sub(r"\{%.*?%\}", " ", source, flags=re.DOTALL)
    return re.sub(r"\{\{.*?\}\}", "X", source, flags=re.DOTALL)


def posts(source: str) -> list[str]:
    kept = re.sub(r"\{\{(.*?)\}\}", lambda found: f"[{found[1].replace('>', ' ')}]", source, flags=re.DOTALL)
    return [form["body"] for form in FORM.finditer(kept) if 'method="post"' in form["head"]]


BANS: dict[str, Callable[[str], bool]] = {
    "style attribute": lambda source: bool(re.search(r"\bstyle\s*=", bare(source))),
    "style element": lambda source: "<style" in source,
    "handler attribute": lambda source: bool(re.search(r"\son[a-z]+\s*=", bare(source), re.IGNORECASE)),
    "script with words in it": lambda source: bool(re.search(r"<script\b(?![^>]*\bsrc=)", bare(source))),
    "javascript address": lambda source: "javascript:" in source.lower(),
    "hx-on": lambda source: "hx-on" in source,
    "js: value": lambda source: bool(re.search(r"hx-(vals|headers)[^=]*=\s*[\"']\s*js(cript)?:", source)),
    "trigger filter": lambda source: bool(
        re.search(r"hx-trigger[\"']?\s*[=:]\s*[\"'][^\"']*\[", bare(source))
    ),
    "marked safe": lambda source: bool(re.search(r"\|\s*safe\b|\bMarkup\b|autoescape\s+false", source)),
    "form without an address": lambda source: bool(
        re.search(r"<form\b(?![^>]*\baction=)(?![^>]*method=\"dialog\")", bare(source))
    ),
    "something from elsewhere": lambda source: bool(
        re.search(r"<(script|link|img|iframe|source)\b[^>]*\b(src|href)=[\"'](https?:)?//", bare(source))
    ),
    "htmx link that leads nowhere": lambda source: bool(
        re.search(r"<a\b(?![^>]*\bhref=)[^>]*\bhx-", bare(source))
    ),
    "macros without their context": lambda source: any(
        "with context" not in statement
        for statement in re.findall(r"\{%\s*(?:import|from)\s+\"macros/[^%]*%\}", source)
    ),
}

PLANTED = {
    "style attribute": '<p style="color: red">',
    "style element": "<style>p {}</style>",
    "handler attribute": '<button onclick="x()">',
    "script with words in it": "<script>alert(1)</script>",
    "javascript address": '<a href="JavaScript:x()">',
    "hx-on": '<div hx-on:click="x()">',
    "js: value": """<div hx-vals='js:{a: 1}'>""",
    "trigger filter": '<input hx-trigger="keyup[ctrlKey]">',
    "marked safe": "{{ note.body | safe }}",
    "form without an address": '<form method="post">',
    "something from elsewhere": '<script src="https://cdn.example/x.js"></script>',
    "htmx link that leads nowhere": '<a hx-get="/x">',
    "macros without their context": '{% import "macros/ui.html" as ui %}',
}


def named(path: Path) -> str:
    return str(path.relative_to(TEMPLATES))


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_no_template_does_what_is_banned(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert [ban for ban, broken in BANS.items() if broken(source)] == []


@pytest.mark.parametrize("ban", BANS)
def test_each_ban_sees_what_it_bans(ban: str) -> None:
    assert BANS[ban](PLANTED[ban])


def test_each_form_that_staff_post_carries_its_token() -> None:
    for path in PAGES:
        if "public" in named(path) or named(path).startswith("door/"):
            continue  # nobody is signed in yet, so there is no session to forge
        for body in posts(path.read_text(encoding="utf-8")):
            assert "csrf" in body, named(path)


def test_every_icon_that_a_template_names_is_in_the_sprite() -> None:
    known = set(vendor.read_wanted()["lucide"].icons)
    calls = re.compile(r"\b(?:icon\(|ic=|chip_icon=)\s*\"([a-z][a-z0-9-]*)\"")
    for path in PAGES:
        assert set(calls.findall(path.read_text(encoding="utf-8"))) <= known, named(path)


def test_every_static_file_that_a_template_names_exists() -> None:
    for path in PAGES:
        for name in re.findall(r"asset\(\"?'?([\w./-]+\.\w+)\"?'?\)", path.read_text(encoding="utf-8")):
            assert (ROOT / "crm" / "web" / "static" / name).is_file(), f"{named(path)}: {name}"


def test_pages_of_people_outside_carry_no_script_and_no_htmx() -> None:
    for path in PAGES:
        if "public" in named(path):
            assert not re.search(r"<script|\bhx-", path.read_text(encoding="utf-8")), named(path)
