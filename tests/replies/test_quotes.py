"""New words are told from quotes, signatures and what mail programs add."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.replies.html_text import text_of_html
from crm.replies.quotes import new_text

OLD = "We make photos.\nStop these messages"
MARKED = "> We make photos.\n> Stop these messages"
HEADERS = [
    "Op ma 23 nov 2026 om 09:30 schreef Produfoto <s@p.example>:",
    "On Mon, 23 Nov 2026 at 09:30, Produfoto <s@p.example> wrote:",
    "On Mon, 23 Nov 2026 at 09:30, Produfoto <\ns@p.example> wrote:",
    "Am Mo., 23. Nov. 2026 um 09:30 Uhr schrieb Produfoto <s@p.example>:",
    "Le lun. 23 nov. 2026 à 09:30, Produfoto <s@p.example> a écrit :",
    "Produfoto schreef op 23-11-2026 09:30:",
    "Produfoto <s@p.example> schrieb am Mo., 23. Nov. 2026, 09:30:",
    "-----Original Message-----\nFrom: Produfoto\nSent: Monday",
    "-----Oorspronkelijk bericht-----\nVan: Produfoto\nVerzonden: maandag",
    "-----Ursprüngliche Nachricht-----\nVon: Produfoto",
    "-----Message d'origine-----\nDe : Produfoto",
    "Van: Produfoto <s@p.example>\nVerzonden: maandag 23 november 2026 09:30\nAan: Jan\nOnderwerp: foto's",
    "From: Produfoto <s@p.example>\nSent: Monday, November 23, 2026\nTo: Jan\nSubject: photos",
    "Von: Produfoto <s@p.example>\nGesendet: Montag, 23. November 2026\nAn: Jan\nBetreff: Fotos",
    "De : Produfoto <s@p.example>\nEnvoyé : lundi 23 novembre 2026\nÀ : Jean\nObjet : photos",
    "________________________________\nVan: Produfoto <s@p.example>\nVerzonden: maandag",
    "*From:* Produfoto\n*Sent:* Monday\n*To:* Jan",
    "Begin doorgestuurd bericht:",
]
SIGN_OFFS = """
Met vriendelijke groet,
Groet, Jan
Mvg
Hartelijke groeten
Groeten, Jan de Wit
Hoogachtend,
Kind regards,
Best,
Cheers,
Regards, Jan White
Mit freundlichen Grüßen
Viele Grüße, Jan
MfG
LG
Cordialement,
Bien à vous
Salutations distinguées
--
"""


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("old", [OLD, MARKED], ids=["plain", "marked"])
def test_what_stands_under_a_header_is_not_new(header: str, old: str) -> None:
    found = new_text(f"Call me tomorrow.\n\n{header}\n\n{old}")
    assert found.text == "Call me tomorrow."
    assert "Stop" in found.quoted


@pytest.mark.parametrize("header", HEADERS[:7])
def test_an_answer_below_the_quote_is_new(header: str) -> None:
    assert new_text(f"{header}\n{MARKED}\n\nPlease remove me.").text == "Please remove me."


def test_answers_between_quoted_lines_are_new() -> None:
    body = f"{HEADERS[1]}\n> Which one?\n\nThe red one.\n\n> Stop these messages\n\nNo, go on."
    text = new_text(body).text
    assert "The red one." in text
    assert "No, go on." in text
    assert "Stop" not in text


@pytest.mark.parametrize("sign_off", [*SIGN_OFFS.strip().splitlines(), "-- "])
def test_a_sign_off_ends_the_words(sign_off: str) -> None:
    found = new_text(f"Send me a price.\n\n{sign_off}\nJan\nUnsubscribe from our news")
    assert found.text == "Send me a price."
    assert "Unsubscribe" in found.signature


@pytest.mark.parametrize(
    "line", ["Thanks, but please take me off your list", "Best to stop this", "Groeten doe ik niet meer aan"]
)
def test_a_sentence_that_begins_like_a_sign_off_is_words(line: str) -> None:
    assert line in new_text(f"Hi,\n{line}").text


def test_a_postscript_is_words() -> None:
    assert "PS: stop please" in new_text("Hello.\n\nRegards,\nJan\n\nPS: stop please").text


def test_lines_of_telephones_are_left_out() -> None:
    for line in (
        "Sent from my iPhone",
        "Verstuurd vanaf mijn iPhone",
        "Von meinem iPhone gesendet",
        "Envoyé de mon iPhone",
    ):
        assert new_text(f"Stop\n\n{line}").text == "Stop"


def test_a_disclaimer_is_no_request() -> None:
    text = "Good idea.\n\nThis e-mail is confidential. If it is not for you, please remove it from your list."
    assert new_text(text).text == "Good idea."


@given(st.text(max_size=300))
def test_any_body_is_split(body: str) -> None:
    found = new_text(body)
    assert found.text == found.text.strip()


@pytest.mark.parametrize(
    "html",
    [
        "<p>Call me.</p><blockquote><p>Stop these</p></blockquote>",
        '<div>Call me.</div><div class="gmail_quote"><div>On Monday:<br></div><div>Stop these</div></div>',
        '<p>Call me.</p><div id="appendonsend"></div><hr><div>From: x</div><div>Stop these</div>',
        '<p>Call me.</p><div id="divRplyFwdMsg">From: x</div><div>Stop these</div>',
        '<p>Call me.</p><div class="moz-cite-prefix">x</div><blockquote type="cite">Stop these</blockquote>',
        '<p>Call me.</p><div class="yahoo_quoted"><div>Stop these</div></div>',
    ],
)
def test_quotes_in_html_are_marked(html: str) -> None:
    assert new_text(text_of_html(html)).text == "Call me."


def test_words_below_a_quote_in_html_are_new() -> None:
    assert new_text(text_of_html("<blockquote>Old</blockquote><p>Please stop.</p>")).text == "Please stop."


def test_hidden_parts_of_html_are_not_read() -> None:
    head = "<html><head><title>stop</title><style>stop{}</style></head>"
    assert text_of_html(f"{head}<body>Hi<script>stop</script></body></html>").split() == ["Hi"]


def test_links_in_html_keep_their_address() -> None:
    html = '<a href="https://p.example/u/abc">Stop</a> <a href="javascript:x">x</a>'
    assert text_of_html(html) == "Stop <https://p.example/u/abc> x"


@given(st.text(st.sampled_from("<>/!-=\"' abdivp&;#"), max_size=200))
def test_any_html_gives_text(html: str) -> None:
    assert "\r" not in text_of_html(html)
