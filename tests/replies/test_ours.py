"""Our own words in an answer never count as theirs, in whatever form they come back."""

import textwrap
import tomllib
from pathlib import Path

import pytest

from crm.compose.words import FOLDER
from crm.replies import ours
from crm.replies.classify import classify
from crm.replies.folding import fold
from crm.replies.ours import OwnWords
from crm.replies.verdicts import MailKind
from tests.replies.mails import TOKEN, mail

LANGUAGES = ["nl", "en", "de", "fr"]
SHIPPED = Path(ours.__file__).with_name("ours.toml")
SPOKEN = ("objection", "notice_", "measured", "counted")
LINK = f"https://crm.p.example/u/{TOKEN}"


def frame_words(language: str) -> list[str]:
    """The sentences that stand around our letters, labels of links left out."""
    found = tomllib.loads((FOLDER / f"{language}.toml").read_text("utf-8"))
    lines = [text for name, text in found.items() if name.startswith(SPOKEN) and name != "objection_link"]
    sections = (found[section].values() for section in ("grounds", "why", "sources"))
    return [text for text in (*lines, *(text for section in sections for text in section)) if len(text) > 13]


def footer(language: str) -> str:
    found = tomllib.loads((FOLDER / f"{language}.toml").read_text("utf-8"))
    said = [text.replace("{", "").replace("}", "") for text in frame_words(language)[:12]]
    return "\n\n".join(
        [*said, f"{found['stop']}: {LINK}", f"{found['about']}: {LINK.replace('/u/', '/about/')}"]
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_of_the_frame_is_known(language: str) -> None:
    known = tomllib.loads(SHIPPED.read_text("utf-8"))["words"]
    assert [text for text in frame_words(language) if text not in known] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [0, 60, 76])
def test_an_unmarked_footer_under_a_yes_is_no_opt_out(language: str, width: int) -> None:
    below = footer(language)
    if width:
        below = "\n\n".join(
            textwrap.fill(part, width, break_long_words=False) for part in below.split("\n\n")
        )
    verdict = classify(mail(f"Ja, graag!\n\n{below}", "Re: photos", "In-Reply-To: <a@p.example>"))
    assert verdict.kind is MailKind.PERSON, verdict.evidence


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_no_above_an_unmarked_footer_is_heard(language: str) -> None:
    verdict = classify(mail(f"Stop\n\n{footer(language)}", "Re: photos", "In-Reply-To: <a@p.example>"))
    assert verdict.kind is MailKind.OPT_OUT


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_label_of_our_link_as_their_own_words_is_a_no(language: str) -> None:
    stop = tomllib.loads((FOLDER / f"{language}.toml").read_text("utf-8"))["stop"]
    assert classify(mail(stop)).kind is MailKind.OPT_OUT


def test_a_line_with_our_link_is_ours_whatever_its_label_said_years_ago() -> None:
    old = f"Klik hier om u uit te schrijven: {LINK}"
    assert classify(mail(f"Leuk, bel me.\n\n{old}")).kind is MailKind.PERSON
    assert classify(mail("Leuk.\n\nKlik hier om u uit te schrijven")).kind is MailKind.OPT_OUT


def test_the_message_we_sent_is_taken_out_when_it_is_known() -> None:
    sent = "Wilt u liever dat wij stoppen met mailen? Laat het weten."
    answer = f"Ja, ga door.\n\n{sent}"
    assert classify(mail(answer), sent=sent).kind is MailKind.PERSON
    assert classify(mail(answer)).kind is not MailKind.PERSON


def test_short_words_of_ours_may_be_theirs() -> None:
    assert OwnWords.of(["Stop"]).taken_out_of("Stop") == "Stop"


def test_paragraphs_without_our_words_keep_their_lines() -> None:
    own = OwnWords.of(["Wij schrijven u niet meer, echt niet."])
    assert own.taken_out_of("Stop\nJan") == "Stop\nJan"
    assert "schrijven" not in fold(own.taken_out_of("Wij schrijven\nu niet meer, echt niet."))
