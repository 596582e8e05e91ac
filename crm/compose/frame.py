"""What stands around a letter: rendered once for all letters of a kind, then only filled."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple, Self

import jinja2

from crm.compose import notices
from crm.compose.letter import Letter, LetterFaultError
from crm.compose.markup import colon
from crm.compose.notices import Grounds, Measuring, Paragraph, Retention, Slot
from crm.kernel.controller import Controller
from crm.kernel.mail import MANNERS, Frame, Language, MailKind

TEMPLATES: Final = Path(__file__).resolve().parents[2] / "templates" / "mail"


@dataclass(frozen=True, slots=True)
class FrameKey:
    """What the words of a frame depend on."""

    kind: MailKind
    language: Language
    controller: Controller
    measuring: Measuring
    first_contact: bool
    grounds: Grounds | None
    retention: Retention | None
    processors: tuple[str, ...]

    @classmethod
    def of(cls, letter: Letter) -> Self:
        """The frame this letter wants. Notice data counts in the first message only."""
        first = letter.first_contact
        return cls(
            kind=letter.kind,
            language=letter.language,
            controller=letter.controller,
            measuring=letter.measuring,
            first_contact=first,
            grounds=letter.grounds if first else None,
            retention=letter.retention if first else None,
            processors=letter.processors if first else (),
        )


class Rendered(NamedTuple):
    """Both parts of a frame, with marks where the slots are."""

    text: str
    html: str


def rendered(key: FrameKey) -> Rendered:
    """Render both parts of a frame from the same paragraphs, so that they say the same."""
    above, below = _paragraphs(key)
    values = {slot.value: slot.mark for slot in Slot} | {
        "language": key.language.value,
        "above": above,
        "below": below,
        "colon": colon(key.language),
        "measured": key.measuring is not Measuring.OFF,
    }
    text, html = (_templates().get_template(name).render(values) for name in ("frame.txt", "frame.html"))
    return Rendered(text.rstrip("\n"), html.rstrip("\n"))


def _paragraphs(key: FrameKey) -> tuple[list[Paragraph], list[Paragraph]]:
    """Paragraphs of their own above the footer, and the footer."""
    frame = MANNERS[key.kind].frame
    if frame is Frame.PLAIN:
        return [], []
    whoami = notices.identity(key.language, key.controller)
    if frame is Frame.IDENTITY:
        return [], [whoami]
    links = notices.rights_links(key.language)
    if frame is Frame.THREAD:
        return [], [links, whoami]
    above = _first_words(key) if key.first_contact else []
    below = [
        notices.reasons(source_told=key.first_contact),
        notices.measuring_line(key.language, key.measuring),
        links,
        whoami,
    ]
    return above, [paragraph for paragraph in below if paragraph]


def _first_words(key: FrameKey) -> list[Paragraph]:
    if key.grounds is None or key.retention is None:
        raise LetterFaultError(("grounds", "retention"))
    notice = notices.first_notice(
        key.language,
        key.controller,
        grounds=key.grounds,
        retention=key.retention,
        processors=key.processors,
    )
    return [notices.objection(key.language), notice]


@cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
