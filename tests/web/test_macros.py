"""The parts say in words what they say in colour, tie faults to fields, keep outsiders' words harmless."""

import re
from typing import Any

import html5lib
import pytest
from jinja2 import Environment, TemplateRuntimeError, UndefinedError
from jinja2.exceptions import TemplateSyntaxError

from scripts.design.samples import ProspectForm, frame_context
from scripts.design_page import environment, pages

NASTY = '<img src=x onerror=alert(1)><div hx-post="/erase" hx-trigger="load">'


@pytest.fixture(scope="module")
def jinja() -> Environment:
    return environment()


def draw(jinja: Environment, words: str, **more: Any) -> str:
    source = '{% import "macros/ui.html" as ui with context %}' + words
    return jinja.from_string(source).render({**frame_context(), **more}).strip()


def plain(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_every_design_page_is_sound_html() -> None:
    for name, html in pages().items():
        parser = html5lib.HTMLParser(strict=False)
        parser.parse(html)
        faults = {code for _, code, _ in parser.errors} - {"non-void-element-with-trailing-solidus"}
        assert faults == set(), name


def test_no_two_elements_of_a_page_share_an_id() -> None:
    for name, html in pages().items():
        ids = re.findall(r'\sid="([^"]+)"', html)
        assert len(ids) == len(set(ids)), name


def test_every_label_and_description_points_at_something() -> None:
    for name, html in pages().items():
        ids = set(re.findall(r'\sid="([^"]+)"', html))
        pointed = re.findall(
            r'(?:\sfor|aria-labelledby|aria-describedby|aria-controls|popovertarget)="([^"]+)"', html
        )
        assert {one for words in pointed for one in words.split()} <= ids, name


def test_a_page_without_a_title_is_an_error(jinja: Environment) -> None:
    page = jinja.from_string('{% extends "layouts/staff.html" %}{% block content %}x{% endblock %}')
    with pytest.raises((TemplateRuntimeError, TemplateSyntaxError, UndefinedError)):
        page.render(frame_context())


def test_every_request_of_htmx_carries_the_token_of_the_session() -> None:
    assert """hx-headers:inherited='{"X-CSRF-Token": "sample"}'""" in pages()["today"]


@pytest.mark.parametrize("words", ["{{ ui.event(e) }}", "{{ ui.mail(e) }}", "{{ ui.mail(e, folded=True) }}"])
def test_outsiders_words_are_text_and_htmx_does_not_look_at_them(jinja: Environment, words: str) -> None:
    looks = {
        "icon": "reply",
        "tone": "plum",
        "initials": "X",
        "tint": 1,
        "lang": "nl",
        "theirs": True,
        "slim": False,
    }
    said = dict.fromkeys(("who", "to", "subject", "text"), NASTY)
    given = {
        **looks,
        **said,
        "what": "replied",
        "when": "08:42",
        "iso": "",
        "undo_url": None,
        "headers": [("From", NASTY)],
    }
    html = draw(jinja, words, e=given)
    assert "<img" not in html
    assert "<div hx-post" not in html
    assert re.search(r'<div class="(?:words|box theirs)"[^>]* hx-ignore>', html)


def test_a_verdict_says_each_answer_in_words_with_its_proof_and_what_would_mend_it(
    jinja: Environment,
) -> None:
    said = plain(draw(jinja, "{{ ui.verdict(verdict) }}"))
    assert "May we write? Yes, answer them" in said
    assert "New mail : Not yet" in said
    assert "No: No consent for calls None recorded Ask them first, then record it here" in said


def test_a_fault_stands_beside_its_field_and_is_tied_to_it(jinja: Environment) -> None:
    form = ProspectForm(data={})
    form.validate()
    html = draw(jinja, '{{ ui.field(form.name, hint="Or the desk.") }}', form=form)
    assert 'aria-describedby="name-hint name-fault"' in html
    assert 'aria-invalid="true"' in html
    assert re.search(r'<p class="fault" id="name-fault">.*Give a name, or the desk\.', html)


def test_a_sound_field_is_not_marked_as_faulty(jinja: Environment) -> None:
    html = draw(jinja, "{{ ui.field(form.name) }}", form=ProspectForm())
    assert "aria-" not in html


def test_what_may_not_be_done_says_why_and_cannot_be_pressed_by_its_key(jinja: Environment) -> None:
    html = draw(
        jinja, '{{ ui.button("Write a mail", href="/w", hot="r", type="submit", why_not="They objected") }}'
    )
    assert 'aria-disabled="true"' in html
    assert "They objected" in plain(html)
    assert "data-hot" not in html
    assert "href" not in html
    assert 'type="button"' in html


def test_a_running_job_asks_again_and_a_finished_one_does_not(jinja: Environment) -> None:
    job = {**frame_context()["job"]}
    assert 'hx-trigger="every 2s"' in draw(jinja, "{{ ui.job(job) }}", job=job)
    assert "hx-" not in draw(jinja, "{{ ui.job(job) }}", job={**job, "state": "done"})


def test_a_toast_offers_undo_as_a_form_with_the_token(jinja: Environment) -> None:
    html = draw(jinja, '{{ ui.toast("Note saved", "/undo/1") }}')
    assert '<form method="post" action="/undo/1"' in html
    assert 'name="csrf_token" value="sample"' in html
    assert 'data-hot="z"' in html


def test_a_bar_is_never_wider_than_its_whole_and_survives_an_empty_one(jinja: Environment) -> None:
    assert 'max="1" value="0"' in draw(jinja, '{{ ui.meter(0, 0, "Sent") }}')
    assert "rect" in draw(jinja, '{{ ui.lane([(0, "info")], 0, "nothing") }}')


def test_every_listed_key_has_words_and_is_listed_once() -> None:
    keys = re.findall(
        r'data-keys="([^"]+)" data-act="[^"]*" data-with="[^"]*"><span>([^<]+)</span>', pages()["today"]
    )
    names = [key for key, _ in keys]
    assert {"Ctrl K", "N", "E", "S", "J", "K", "X", "/", "Z", "?", "G T", "G P"} <= set(names)
    assert len(names) == len(set(names))
    assert all(words.strip() for _, words in keys)


@pytest.mark.parametrize("code", [400, 401, 403, 404, 409, 413, 429, 500, 502, 503])
@pytest.mark.parametrize("lang", ["nl", "en", "de", "fr", "xx"])
def test_every_error_has_a_page_for_people_outside_that_names_a_way_that_works(
    jinja: Environment, code: int, lang: str
) -> None:
    html = jinja.get_template("errors/public.html").render({**frame_context(), "code": code, "lang": lang})
    assert 'href="mailto:privacy@produfoto.example"' in html
    assert "<script" not in html


@pytest.mark.parametrize("code", [400, 401, 403, 404, 409, 413, 429, 500, 502, 503])
def test_every_error_has_a_page_for_staff_that_needs_neither_session_nor_database(
    jinja: Environment, code: int
) -> None:
    html = jinja.get_template("errors/staff.html").render(code=code)
    assert ("Sign in in a new tab" if code == 401 else "Back to Today") in html


@pytest.mark.parametrize("code", [400, 401, 403, 404, 409, 413, 429, 500, 503])
def test_every_failed_part_of_a_page_answers_with_a_toast_only(jinja: Environment, code: int) -> None:
    html = jinja.get_template("errors/toast.html").render(code=code, csrf_token="sample").strip()
    assert html.startswith('<hx-partial hx-target="#toasts"')
    assert html.endswith("</hx-partial>")
    assert 'role="alert"' in html
