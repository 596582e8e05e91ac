"""What is said about a template when it is saved."""

import time

import pytest

from crm.compose.faults import FaultCode, Part, Severity
from crm.compose.lint import has_errors, lint

GOOD = 'Beste {{ first_name | default("lezer") }},\n\nIk zag {{ company }}. Zie https://foto.example/zo.\n\nGroet'


def codes(subject: str = "Uw foto's", body: str = GOOD) -> list[FaultCode]:
    return [fault.code for fault in lint(subject, body)]


def test_a_good_template_has_no_faults() -> None:
    assert lint("Foto's voor {{ company }}", GOOD) == []


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("Dag [[naam]]", FaultCode.FOREIGN_PLACEHOLDER),
        ("Dag %FIRST_NAME%", FaultCode.FOREIGN_PLACEHOLDER),
        ("Dag *|FNAME|*", FaultCode.FOREIGN_PLACEHOLDER),
        ("Dag <<Voornaam>>", FaultCode.FOREIGN_PLACEHOLDER),
        ("Dag ${name}", FaultCode.SINGLE_BRACE),
        ("Dag {first_name}", FaultCode.SINGLE_BRACE),
        ("Dag None,", FaultCode.BARE_NONE),
        ("Kijk [hier](https://foto.example)", FaultCode.HIDDEN_LINK),
        ("Kijk <a href='https://foto.example'>hier</a>", FaultCode.HIDDEN_LINK),
        ("Kijk https://bank.example@foto.example/", FaultCode.HIDDEN_LINK),
        ("Kijk http://foto.example", FaultCode.INSECURE_LINK),
        ("Kijk http://localhost.foto.example", FaultCode.INSECURE_LINK),
        ("Kijk https://foto.example/?w={{ company }}", FaultCode.FIELD_IN_LINK),
        ("Kijk https://{{ company }}/", FaultCode.FIELD_IN_LINK),
        ("Een <b>vet</b> woord", FaultCode.MARKUP),
        ("Een<br/>regel", FaultCode.MARKUP),
        ("Dag {{ first_name }}", FaultCode.DEFAULT_MISSING),
        ("Dag {{ nickname }}", FaultCode.UNKNOWN_FIELD),
        ("Dag \u202egaas", FaultCode.HIDDEN_CHARACTER),
        ("  \n", FaultCode.EMPTY),
        ("x" * 20_001, FaultCode.TOO_LONG),
    ],
)
def test_a_fault_in_the_body_keeps_it_from_being_saved(body: str, wanted: FaultCode) -> None:
    faults = [fault for fault in lint("Uw foto's", body) if fault.code is wanted]
    assert faults
    assert all((fault.part, fault.severity) == (Part.BODY, Severity.ERROR) for fault in faults)


@pytest.mark.parametrize(
    ("subject", "wanted"),
    [
        ("", FaultCode.EMPTY),
        ("Uw foto's\nBcc: x@y.example", FaultCode.LINE_BREAK),
        ("Re: uw foto's", FaultCode.FALSE_REPLY),
        ("FWD : uw foto's", FaultCode.FALSE_REPLY),
        ("Antw: uw foto's", FaultCode.FALSE_REPLY),
        ("Dag {{ first_name }}", FaultCode.DEFAULT_MISSING),
        ("x" * 201, FaultCode.LONG_SUBJECT),
    ],
)
def test_a_fault_in_the_subject_keeps_it_from_being_saved(subject: str, wanted: FaultCode) -> None:
    faults = [fault for fault in lint(subject, GOOD) if fault.code is wanted]
    assert faults
    assert all((fault.part, fault.severity) == (Part.SUBJECT, Severity.ERROR) for fault in faults)


@pytest.mark.parametrize(
    ("subject", "body", "wanted"),
    [
        ("Uw foto's", GOOD + " En https://foto.example/twee", FaultCode.MANY_LINKS),
        ("Uw foto's", "woord " * 181, FaultCode.LONG_LETTER),
        ("x" * 79, GOOD, FaultCode.LONG_SUBJECT),
    ],
)
def test_advice_does_not_keep_it_from_being_saved(subject: str, body: str, wanted: FaultCode) -> None:
    faults = lint(subject, body)
    assert [(fault.code, fault.severity) for fault in faults] == [(wanted, Severity.WARNING)]
    assert not has_errors(faults)


@pytest.mark.parametrize(
    "body",
    [
        "None of your pictures is dull.",
        "Tussen 5% en 10% meer verkocht, 100%!",
        "Zie https://foto.example/a%CA%FEb",
        "Proef op http://127.0.0.1:8000/demo",
        "Kleiner dan 3 < 4 en 5 > 4, [zie hieronder] (of niet)",
        'Over: {{ website | default("uw site") }}',
        "Resultaat: re: alles",
    ],
)
def test_ordinary_writing_is_no_fault(body: str) -> None:
    assert lint("Uw foto's", body) == []


def test_a_fault_says_where_it_is() -> None:
    (fault,) = lint("Uw foto's", 'Dag {{ first_name | default("u") }},\n\ndit is [[x]]')
    assert (fault.line, fault.column) == (3, 8)


def test_a_subject_ending_in_re_is_no_false_reply() -> None:
    assert codes(subject="Meer over foto's: resultaat") == []


@pytest.mark.parametrize(
    "body", ["<a" * 9000, "mailto:" * 2800, "https://" * 2400, "[" * 20_000, "%a" * 9000, "{{" * 9000]
)
def test_a_hostile_text_is_answered_within_a_second(body: str) -> None:
    before = time.process_time()
    lint("x", body)
    assert time.process_time() - before < 1
