"""Header values on the wire, judged by the standard library's parser."""

import email
import email.policy
import email.utils
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.header import decode_header, make_header
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crm.compose import headers
from crm.compose.headers import UnencodableError, UnsafeHeaderError
from crm.kernel.addresses import EmailAddress
from crm.kernel.text import has_hidden, one_line

ANN = EmailAddress("ann", "winkel.example")
LINES = st.text(max_size=300).map(one_line) | st.lists(
    st.sampled_from(["=?utf-8?q?x?=", "é", "😀", "a", " ", '"', "\\", ",", "<b@c>", "naam", "x" * 80]),
    max_size=30,
).map("".join).map(one_line)
SECRETS = [
    "a\r\nBcc: x@y.example",
    "a\nb",
    "a\rb",
    "a\x00",
    "a\x7f",
    "a\x85b",
    "a\u2028b",
    "a\u202eb",
    "a\ud800",
    "\x1b[2J",
]


def shown_name(value: str) -> str:
    """The display name by the older parser: the newer one puts a blank between encoded words of a phrase."""
    phrase, mailbox = email.utils.parseaddr(value.replace("\r\n", ""))
    assert mailbox == "ann@winkel.example"
    return str(make_header(decode_header(phrase)))


def parsed(name: str, value: str) -> Any:
    return email.message_from_bytes(f"{name}: {value}\r\n\r\n".encode("ascii"), policy=email.policy.default)


@given(LINES)
@example("=?utf-8?b?w6k=?=")
@example("é" * 200)
@example("x" * 2000)
def test_a_subject_arrives_as_it_was_written(text: str) -> None:
    value = headers.unstructured("Subject", text)
    strict = parsed("Subject", value)
    assert strict.keys() == ["Subject"]
    assert strict["Subject"] == text
    loose = email.message_from_string(f"Subject: {value}\r\n\r\n")
    assert str(make_header(decode_header(loose["Subject"].replace("\r\n", "")))) == text


@given(LINES)
def test_no_line_of_a_subject_is_longer_than_the_standard_allows(text: str) -> None:
    lines = f"Subject: {headers.unstructured('Subject', text)}".split("\r\n")
    assert all(len(line) <= 78 for line in lines)
    assert all(len(word) <= 75 for line in lines for word in line.split() if word.startswith("=?"))


@given(LINES)
def test_a_sender_arrives_as_one_mailbox_with_its_name(name: str) -> None:
    value = headers.mailbox_with_name("From", name, ANN)
    message = parsed("From", value)
    assert [mailbox.addr_spec for mailbox in message["From"].addresses] == ["ann@winkel.example"]
    assert message.keys() == ["From"]
    assert shown_name(value) == name


WRITERS: list[Callable[[str], str]] = [
    lambda text: headers.unstructured("Subject", text),
    lambda text: headers.mailbox_with_name("From", text, ANN),
    lambda text: headers.message_id("Message-ID", f"<{text}>"),
    lambda text: headers.references((f"<{text}>",)),
    lambda text: headers.token("Feedback-ID", text),
    lambda text: headers.web_address("about", f"https://a.example/{text}"),
    lambda text: headers.list_unsubscribe("https://a.example/", f"mailto:{text}@b.example"),
]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("text", SECRETS)
def test_a_hidden_character_is_refused_everywhere(write: Callable[[str], str], text: str) -> None:
    with pytest.raises(UnsafeHeaderError):
        write(text)


def test_the_error_never_repeats_the_value() -> None:
    with pytest.raises(UnsafeHeaderError) as caught:
        headers.unstructured("Subject", "geheim\r\n")
    assert "geheim" not in str(caught.value)
    assert caught.value.header == "Subject"


@given(st.text(max_size=40))
def test_what_text_cleaning_lets_through_can_be_a_subject(text: str) -> None:
    assert not has_hidden(one_line(text))
    headers.unstructured("Subject", one_line(text))


@pytest.mark.parametrize(
    "local", ["jörg", "a b", "a..b", ".a", "a.", '"a b"', "a@b", "a\r\nb", "a>", "", "почта"]
)
def test_an_address_beyond_plain_mail_is_said_to_be_so(local: str) -> None:
    with pytest.raises(UnencodableError):
        headers.address(EmailAddress(local, "winkel.example"))


def test_a_domain_that_is_not_in_its_wire_form_is_refused() -> None:
    with pytest.raises(UnencodableError):
        headers.address(EmailAddress("a", "bücher.example"))


def test_an_international_domain_goes_out_in_ascii() -> None:
    assert headers.address(EmailAddress.parse("info@Bücher.example")) == "info@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "text", ["a@b", "<a b>", "<a>\r\n", "<a><b>", "<>", "<=?utf-8?q?x?=@b>", "<é@b>", "<" + "a" * 990 + ">"]
)
def test_an_identifier_is_one_bracketed_word(text: str) -> None:
    with pytest.raises(UnsafeHeaderError):
        headers.message_id("In-Reply-To", text)


def test_a_long_identifier_stays_on_one_line() -> None:
    text = f"<{'a' * 900}@b>"
    assert headers.message_id("In-Reply-To", text) == text


def test_a_thread_beyond_one_line_is_refused() -> None:
    with pytest.raises(UnsafeHeaderError):
        headers.references(tuple(f"<{number:0100}@b>" for number in range(12)))


@pytest.mark.parametrize(
    "url",
    [
        "http://foto.example/u/1",
        "https://a.example/>x",
        "https://a.example/ x",
        'https://a.example/"x',
        "ftp://a.example/",
        "//a.example/",
        "https://",
        "http://127.0.0.1.foto.example/",
        "http://localhost.foto.example/",
        "javascript:alert(1)",
        "https://a@b.example/",
        "https://a.example\\@b/",
        "",
    ],
)
def test_a_page_is_https_and_nothing_else(url: str) -> None:
    with pytest.raises(UnsafeHeaderError):
        headers.web_address("about", url)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/u/1",
        "http://localhost/u/1",
        "http://[::1]:80/u",
        "https://a.example:8443/u?x=1#y",
    ],
)
def test_this_very_machine_may_be_plain(url: str) -> None:
    assert headers.web_address("about", url) == url


@pytest.mark.parametrize(
    "mailto", ["u@foto.example", "mailto:u", "mailto:u@a.example>,<mailto:x@y.example", "mailto:u@a, b@c"]
)
def test_the_mail_way_to_stop_is_one_whole_uri(mailto: str) -> None:
    with pytest.raises(UnsafeHeaderError):
        headers.list_unsubscribe("https://a.example/", mailto)


def test_a_time_without_offset_is_refused() -> None:
    with pytest.raises(UnsafeHeaderError):
        headers.date(datetime.fromisoformat("2026-01-01"))


@given(st.integers(0, 4_000_000_000), st.sampled_from([UTC, timezone(timedelta(hours=-9, minutes=-30))]))
def test_a_date_arrives_to_the_second(seconds: int, zone: timezone) -> None:
    at = datetime.fromtimestamp(seconds, zone)
    assert parsed("Date", headers.date(at))["Date"].datetime == at
