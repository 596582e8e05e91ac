"""The last look at the bytes. Each test breaks one promise in a good message and sees it caught."""

from binascii import b2a_qp
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.compose.letter import Letter
from crm.compose.lint_wire import WireFault, lint_wire
from crm.compose.mime import compose
from crm.compose.notices import objection
from crm.kernel.mail import Language, MailKind
from tests.compose.letters import ABOUT, CONTROLLER, PIXEL, STOP, first_letter, letter


def faults(wire: bytes, *, kind: MailKind = MailKind.OUTREACH, first: bool = False) -> tuple[WireFault, ...]:
    return lint_wire(wire, kind=kind, first_contact=first, controller=CONTROLLER)


def faults_of(made: Letter) -> tuple[WireFault, ...]:
    return faults(compose(made).wire, kind=made.kind, first=made.first_contact)


def altered(old: str, new: str, *, count: int = -1, made: Letter | None = None) -> bytes:
    """A good message in which some bytes were changed; fails when there was nothing to change."""
    wire = compose(made or first_letter(Language.EN)).wire
    changed = wire.replace(old.encode(), new.encode(), count)
    assert changed != wire
    return changed


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("pixel", [None, PIXEL])
def test_a_good_first_message_may_leave(language: Language, pixel: str | None) -> None:
    assert faults_of(first_letter(language, pixel_url=pixel)) == ()


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", MailKind)
def test_a_good_message_of_any_kind_may_leave(kind: MailKind, language: Language) -> None:
    assert faults_of(letter(kind, language=language)) == ()


@given(st.text(max_size=100))
def test_whatever_is_written_the_lint_answers(body: str) -> None:
    assert set(faults_of(first_letter(body="Dag " + body))) <= {
        WireFault.PLACEHOLDER,
        WireFault.INSECURE_LINK,
    }


@given(st.binary(max_size=300))
def test_bytes_of_another_make_are_refused(junk: bytes) -> None:
    assert faults(junk) == (WireFault.FOREIGN_FORM,)


@given(st.integers(min_value=0), st.integers(0, 255))
def test_no_altered_byte_makes_the_lint_stumble(place: int, octet: int) -> None:
    wire = bytearray(compose(first_letter()).wire)
    wire[place % len(wire)] = octet
    assert isinstance(faults(bytes(wire), first=True), tuple)


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        (
            "To: <inkoop@winkel.example>",
            "To: <inkoop@winkel.example>, <b@c.example>",
            WireFault.NOT_ONE_RECIPIENT,
        ),
        (
            "To: <inkoop@winkel.example>",
            "To: <inkoop@winkel.example,b@c.example>",
            WireFault.NOT_ONE_RECIPIENT,
        ),
        ("\r\nSubject:", "\r\nTo: <b@c.example>\r\nSubject:", WireFault.HEADER_TWICE),
        ("\r\nSubject:", "\r\nBcc: <b@c.example>\r\nSubject:", WireFault.HEADER_FORBIDDEN),
        ("\r\nSubject:", "\r\nCc: <b@c.example>\r\nSubject:", WireFault.HEADER_FORBIDDEN),
        ("\r\nDate: Sun, 22 Nov 2026 09:00:00 +0000", "", WireFault.HEADER_MISSING),
        ("\r\nMessage-ID: <k7q2@mail.foto.example>", "", WireFault.HEADER_MISSING),
        ("Foto's van uw eigen voorraad\r\nDate", "\r\nDate", WireFault.SUBJECT_EMPTY),
        ("Subject: ", "Subject: Re: ", WireFault.FALSE_REPLY),
        ("Subject: ", "Subject: {{ company }} ", WireFault.PLACEHOLDER),
        ("<k7q2@mail", "<=?utf-8?q?k?=@mail", WireFault.IDENTIFIER_ENCODED),
        ("List-Unsubscribe: <", "List-Unsubscribe: =?utf-8?q?=3C", WireFault.IDENTIFIER_ENCODED),
        (">, <mailto:", ">,\r\n <mailto:", WireFault.IDENTIFIER_ENCODED),
        ("\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click", "", WireFault.ONE_CLICK_MISSING),
        ("=One-Click", "=One-click", WireFault.ONE_CLICK_MISSING),
        ("List-Unsubscribe: <https:", "List-Unsubscribe: <http:", WireFault.ONE_CLICK_MISSING),
        ("List-Unsubscribe: <", "List-Unsubscribe: <mailto:a@b.example>, <", WireFault.ONE_CLICK_MISSING),
    ],
)
def test_a_broken_header_is_caught(old: str, new: str, wanted: WireFault) -> None:
    assert wanted in faults(altered(old, new, count=1), first=True)


@pytest.mark.parametrize(
    ("old", "new", "count", "wanted"),
    [
        ("Goedemiddag", "Goedenavond", 1, WireFault.PARTS_DIFFER),
        ("Goedemiddag", "Dag {{ first_name }}", 2, WireFault.PLACEHOLDER),
        ("Goedemiddag", "Dag None", 2, WireFault.PLACEHOLDER),
        ("Goedemiddag", "Zie http://foto.example/", 2, WireFault.INSECURE_LINK),
        ("<p>Goedemiddag", "<p><b>Goedemiddag</b>", 1, WireFault.MARKUP),
        ("<p>Goedemiddag", "<p><script>Goedemiddag</script>", 1, WireFault.MARKUP),
        ("<p>Goedemiddag", '<p><img src=3D"https://x.example/">Goedemiddag', 1, WireFault.PIXEL),
        ("12345678", "12345679", 1, WireFault.IDENTITY_MISSING),
        ("NL001234567B01", "NL001234567B02", 2, WireFault.IDENTITY_MISSING),
        ("Would you rather", "Would you perhaps rather", 2, WireFault.OBJECTION_MISSING),
        ("Would you rather", "By the way, would you rather", 1, WireFault.OBJECTION_MISSING),
    ],
)
def test_a_broken_text_is_caught(old: str, new: str, count: int, wanted: WireFault) -> None:
    assert wanted in faults(altered(old, new, count=count), first=True)


def test_a_link_that_hides_its_target_is_caught() -> None:
    composed = compose(letter())
    html = composed.html.replace(">https://foto.example/", ">https://bank.example/")
    text = composed.text.replace("https://foto.example/", "https://bank.example/")
    assert WireFault.HIDDEN_LINK in faults(_rebuilt(composed.wire, text, html))


def test_a_first_message_without_the_objection_is_caught() -> None:
    assert faults(compose(letter()).wire, first=True) == (WireFault.OBJECTION_MISSING,)


def test_an_objection_glued_to_other_words_is_not_separate() -> None:
    wire = compose(first_letter(Language.EN)).wire
    glued = wire.replace(b"\r\n\r\nWould you rather", b"\r\nWould you rather")
    assert glued != wire
    assert WireFault.OBJECTION_MISSING in faults(glued, first=True)


def test_an_objection_in_the_footer_is_too_low() -> None:
    right, link = objection(Language.NL)
    made = letter(why="x", source="y")
    wire = compose(made).wire
    composed = compose(made)
    paragraph = f"{right.words}\n{link.words}: {STOP}"
    html = f'<p>{right.words}<br>\n<a href="{STOP}">{link.words}</a></p>'
    text = f"{composed.text}\n\n{paragraph}"
    page = composed.html.replace("\n</body>", f"\n{html}\n</body>")
    assert WireFault.OBJECTION_TOO_LOW in faults(_rebuilt(wire, text, page), first=True)


def _rebuilt(wire: bytes, text: str, html: str) -> bytes:
    """The same message with other parts."""
    head, boundary = wire.partition(b"\r\n\r\n")[0], wire.rpartition(b"\r\n--")[2].removesuffix(b"--\r\n")
    opening = (
        b'--%b\r\nContent-Type: text/%b; charset="utf-8"\r\n'
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n%b"
    )
    parts = [
        opening % (boundary, kind, b2a_qp(content.replace("\n", "\r\n").encode() + b"\r\n"))
        for kind, content in ((b"plain", text), (b"html", html))
    ]
    return head + b"\r\n\r\n" + b"".join(parts) + b"--" + boundary + b"--\r\n"


def test_a_rebuilt_message_is_itself_no_fault() -> None:
    composed = compose(first_letter())
    assert _rebuilt(composed.wire, composed.text, composed.html) == composed.wire


def test_a_link_to_stop_must_be_in_the_text_too() -> None:
    composed = compose(letter())
    wire = _rebuilt(composed.wire, composed.text.replace(STOP, ABOUT), composed.html)
    assert WireFault.RIGHTS_LINK_MISSING in faults(wire)


def test_a_link_to_stop_must_be_in_the_html_too() -> None:
    composed = compose(letter())
    wire = _rebuilt(composed.wire, composed.text, composed.html.replace(STOP, ABOUT))
    assert WireFault.RIGHTS_LINK_MISSING in faults(wire)


def test_two_pixels_are_one_too_many() -> None:
    composed = compose(letter(pixel_url=PIXEL))
    wire = _rebuilt(
        composed.wire, composed.text, composed.html.replace("<img", '<img src="https://x.example/"><img')
    )
    assert WireFault.PIXEL in faults(wire)


@pytest.mark.parametrize("kind", [MailKind.REPLY, MailKind.RIGHTS])
def test_a_pixel_in_mail_that_must_not_measure_is_caught(kind: MailKind) -> None:
    assert WireFault.PIXEL in faults(compose(letter(pixel_url=PIXEL)).wire, kind=kind)


def test_one_click_in_rights_mail_is_caught() -> None:
    assert WireFault.ONE_CLICK_FORBIDDEN in faults(compose(letter()).wire, kind=MailKind.RIGHTS)


def test_a_controller_that_lost_a_value_stops_the_mail() -> None:
    blank = replace(CONTROLLER, vat=" ")
    found = lint_wire(compose(letter()).wire, kind=MailKind.OUTREACH, first_contact=False, controller=blank)
    assert WireFault.IDENTITY_INCOMPLETE in found


def test_a_street_in_the_settings_must_be_in_the_mail() -> None:
    moved = replace(CONTROLLER, street="Voorbeeldlaan 1")
    found = lint_wire(compose(letter()).wire, kind=MailKind.OUTREACH, first_contact=False, controller=moved)
    assert found == (WireFault.IDENTITY_MISSING,)
    assert (
        lint_wire(
            compose(letter(controller=moved)).wire,
            kind=MailKind.OUTREACH,
            first_contact=False,
            controller=moved,
        )
        == ()
    )


def test_a_mail_to_this_very_machine_may_be_plain() -> None:
    made = letter(
        unsubscribe_url="http://127.0.0.1:8000/u/x",
        about_url="http://127.0.0.1:8000/a/x",
        pixel_url="http://127.0.0.1:8000/o/x",
    )
    assert faults_of(made) == ()


def test_a_reply_may_say_that_it_is_one() -> None:
    assert faults_of(letter(MailKind.REPLY, subject="Re: uw vraag")) == ()


def test_line_ends_that_are_not_mail_are_foreign() -> None:
    assert faults(compose(letter()).wire.replace(b"\r\n", b"\n")) == (WireFault.FOREIGN_FORM,)
