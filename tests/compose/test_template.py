"""The language staff write templates in."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.compose.faults import FaultCode, MissingValueError, Severity, TemplateFaultError, UnusableValueError
from crm.compose.fields import FIELDS, FILTERS
from crm.compose.lint import lint
from crm.compose.template import Template

EVERYTHING = {field.name: field.example for field in FIELDS}


def faults_of(source: str) -> list[tuple[FaultCode, int, int]]:
    with pytest.raises(TemplateFaultError) as caught:
        Template.compile(source)
    return [(fault.code, fault.line, fault.column) for fault in caught.value.faults]


def test_text_stays_as_it_is() -> None:
    assert (
        Template.compile("Dag,\n\n100% \\ \"ja\" 'nee' é\n").render({}) == "Dag,\n\n100% \\ \"ja\" 'nee' é\n"
    )


def test_a_field_is_filled_in() -> None:
    assert Template.compile("Dag {{company}}!").render({"company": "Winkel"}) == "Dag Winkel!"


def test_blanks_and_line_breaks_inside_the_braces_mean_nothing() -> None:
    source = '{{\n first_name  |default( "u" )| upper }}'
    assert Template.compile(source).render({"first_name": "Anna"}) == "ANNA"


@pytest.mark.parametrize("empty", [None, "", "  ", "\u200b", "None", "nan", "#N/A", "null"])
def test_a_value_that_is_absent_gets_the_default(empty: str | None) -> None:
    assert Template.compile('Dag {{ first_name | default("u") }}').render({"first_name": empty}) == "Dag u"


def test_a_default_is_not_used_where_there_is_a_value() -> None:
    assert Template.compile('{{ role | default("x") }}').render({"role": "inkoper"}) == "inkoper"


def test_filters_work_from_left_to_right() -> None:
    template = Template.compile('{{ role | default("Team Inkoop") | lower | capitalize }}')
    assert template.render({}) == "Team inkoop"


@pytest.mark.parametrize(
    ("name", "given_", "wanted"),
    [
        ("capitalize", "mcDonald", "McDonald"),
        ("lower", "ÉÉN", "één"),
        ("upper", "één", "ÉÉN"),
        ("bare", "https://www.winkel.example/nl/?a=1", "winkel.example"),
        ("bare", "winkel.example?x", "winkel.example"),
    ],
)
def test_each_filter_does_what_its_name_says(name: str, given_: str, wanted: str) -> None:
    assert FILTERS[name](given_) == wanted


def test_a_web_address_is_shown_as_people_write_it() -> None:
    template = Template.compile('{{ website | default("uw site") }}')
    assert template.render({"website": "http://www.winkel.example/"}) == "www.winkel.example"


def test_a_missing_value_blocks_this_message_and_names_the_field() -> None:
    template = Template.compile("Bij {{ company }} is het druk.")
    with pytest.raises(MissingValueError) as caught:
        template.render({"company": "None"})
    assert caught.value.field == "company"
    assert template.render({"company": "Winkel"}) == "Bij Winkel is het druk."


@pytest.mark.parametrize(
    "value",
    ["{{ company }}", "x}", "{x", "}}", "{first_name}", "%FIRSTNAME%", "[[naam]]", "*|FNAME|*", "x" * 301],
)
def test_a_value_that_looks_like_a_field_blocks_this_message(value: str) -> None:
    with pytest.raises(UnusableValueError):
        Template.compile("Dag {{ company }}").render({"company": value})


def test_two_harmless_values_cannot_add_up_to_a_placeholder() -> None:
    with pytest.raises(UnusableValueError):
        Template.compile("[{{ company }}]").render({"company": "[naam]"})


def test_a_value_is_one_clean_line() -> None:
    value = "Winkel\r\nBcc: x@y.example\u2028\u202e\x00 Zn"
    assert Template.compile("{{ company }}").render({"company": value}) == "Winkel Bcc: x@y.example Zn"


def test_the_error_never_repeats_the_value() -> None:
    with pytest.raises(UnusableValueError) as caught:
        Template.compile("{{ company }}").render({"company": "{geheim"})
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("a\nDag {{ nickname }}", (FaultCode.UNKNOWN_FIELD, 2, 8)),
        ("{{ company | shout }}", (FaultCode.UNKNOWN_FILTER, 1, 14)),
        ("Dag {{ first_name }}", (FaultCode.DEFAULT_MISSING, 1, 5)),
        ("Dag {{ first_name | upper }}", (FaultCode.DEFAULT_MISSING, 1, 5)),
        ('{{ first_name | default("") }}', (FaultCode.DEFAULT_UNUSABLE, 1, 25)),
        ('{{ first_name | default("{x}") }}', (FaultCode.DEFAULT_UNUSABLE, 1, 25)),
        ('{{ first_name | default("None") }}', (FaultCode.DEFAULT_UNUSABLE, 1, 25)),
        ("{{ first_name | default }}", (FaultCode.SYNTAX, 1, 17)),
        ("{{ first_name | default() }}", (FaultCode.SYNTAX, 1, 17)),
        ("{{ first_name | default(company) }}", (FaultCode.SYNTAX, 1, 17)),
        ("{{ first_name | default(“u”) }}", (FaultCode.SYNTAX, 1, 25)),
        ("{{ company.__class__ }}", (FaultCode.SYNTAX, 1, 11)),
        ("{{ company() }}", (FaultCode.SYNTAX, 1, 11)),
        ("{{ company upper }}", (FaultCode.SYNTAX, 1, 12)),
        ("{{ company | }}", (FaultCode.SYNTAX, 1, 12)),
        ("{{ }}", (FaultCode.SYNTAX, 1, 1)),
        ('{{ "tekst" }}', (FaultCode.SYNTAX, 1, 1)),
        ("{{ 7 * 7 }}", (FaultCode.SYNTAX, 1, 4)),
        ("{{{ company }}", (FaultCode.SYNTAX, 1, 3)),
        ("Dag {{ company ", (FaultCode.UNCLOSED, 1, 5)),
        ("Dag {company}", (FaultCode.SINGLE_BRACE, 1, 5)),
        ("{% for x in y %}", (FaultCode.SINGLE_BRACE, 1, 1)),
        ("company }}", (FaultCode.SINGLE_BRACE, 1, 9)),
        ("é" * 10_001, (FaultCode.TOO_LONG, 1, 1)),
    ],
)
def test_a_fault_is_named_with_its_place(source: str, wanted: tuple[FaultCode, int, int]) -> None:
    assert faults_of(source)[0] == wanted


def test_all_faults_are_told_at_once() -> None:
    found = faults_of("{{ nickname }} {x {{ company | shout }}")
    assert [code for code, _, _ in found] == [
        FaultCode.UNKNOWN_FIELD,
        FaultCode.SINGLE_BRACE,
        FaultCode.UNKNOWN_FILTER,
    ]


def test_an_unknown_field_suggests_the_nearest() -> None:
    with pytest.raises(TemplateFaultError) as caught:
        Template.compile("{{ firstname }}")
    assert caught.value.faults[0].words.endswith("Did you mean first_name?")


def test_a_template_tells_which_fields_it_uses() -> None:
    assert Template.compile('{{ company }}{{ role | default("u") }}').fields == {"company", "role"}


def test_twenty_thousand_bytes_are_allowed() -> None:
    assert Template.compile("x" * 20_000).render({}) == "x" * 20_000


def test_the_output_of_a_template_has_an_end() -> None:
    with pytest.raises(UnusableValueError):
        Template.compile("{{ company }}" * 1500).render({"company": "x" * 300})


@pytest.mark.parametrize(
    "source", ["{{" * 10_000, "{" * 20_000, "{{?}}" * 4000, '{{ "' * 5000, "{{ company |" * 1600]
)
def test_a_hostile_template_is_answered_within_a_second(source: str) -> None:
    before = time.process_time()
    assert faults_of(source)
    assert time.process_time() - before < 1


SCRAPS = st.sampled_from(
    ["{{", "}}", "{", "}", "|", "(", ")", '"', "\\", " ", "\n", "company", "default", "first_name", "é", "x"]
)


@given(st.lists(SCRAPS, max_size=40).map("".join))
def test_whatever_is_typed_compiles_or_tells_why(source: str) -> None:
    try:
        template = Template.compile(source)
    except TemplateFaultError:
        found = [fault for fault in lint("x", source) if fault.severity is Severity.ERROR]
        assert found
        assert all(fault.words and fault.line > 0 and fault.column > 0 for fault in found)
    else:
        assert "{" not in template.render(EVERYTHING)


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_placeholder_ever_comes_out(text: str, value: str) -> None:
    try:
        out = Template.compile(text + '{{ company }} {{ role | default("u") }}').render(
            {"company": value, "role": value}
        )
    except (TemplateFaultError, MissingValueError):
        return
    assert "{{" not in out
    assert "}}" not in out
    assert "\n" not in out[len(text) :]
