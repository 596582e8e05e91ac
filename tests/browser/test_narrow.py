"""Every staff page on the narrowest phone, with names as long as the database takes and no blank in them."""

from datetime import timedelta

from flask import Flask
from playwright.sync_api import Page
from sqlalchemy import update

from crm.audit.chain import Actor
from crm.conversations.models import NoteKind
from crm.delivery.models import Mailbox, Message, MessageState
from crm.kernel.clock import real_clock
from crm.prospects.models import Company, Prospect
from crm.sequences.models import Sequence as SequenceRow
from crm.staff.models import Role, Staff
from crm.staff.roles import Act
from crm.web.access import access_of
from crm.web.app import create_app
from crm.workflows.desk.log_note import Said, log_note
from crm.workflows.leads.convert import Converting, convert
from tests.browser.conftest import Eyes
from tests.imports import sheet
from tests.journeys.office import Office, bring_in
from tests.journeys.post import Arrived, deliver
from tests.journeys.visitor import Visitor
from tests.outreach import Outreach, hand_work, mail

NARROW, DESK = (360, 740), (1280, 800)
LONG = "Donaudampfschifffahrtsgesellschaftskapitaen" * 3
NAME, COMPANY, ROLE = LONG[:120], LONG[5:125], LONG[9:129]
LOCAL, DOMAIN = "ab" * 30, f"{'fotostudio' * 4}bücher.example"

PAGES = {
    "approving.listing": ("/approve",),
    "import_rows.show": ("{import_preview}/rows",),
    "imports.listing": ("/imports",),
    "imports.show": ("{import_done}", "{import_preview}"),
    "leads.column": ("/leads/in/on-the-way",),
    "leads.listing": ("/leads",),
    "leads.show": ("/leads/1",),
    "limits.show": ("/settings/limits",),
    "mailbox.listing": ("/mailbox", "/mailbox?to={address}"),
    "mailbox.show": ("/mailbox/{mail}",),
    "mending.ask": ("/prospects/{bare}/ground",),
    "pausing.ask_end": ("/pauses/sequence/{held}/end",),
    "prospect.show": (
        "/prospects/{person}",
        "/prospects/{lead}",
        "/prospects/{no}",
    ),
    "prospect_acts.why": ("/prospects/{person}/why", "/prospects/{no}/why", "/prospects/{bare}/why"),
    "prospect_acts.ask_refuse": ("/prospects/{person}/refuse",),
    "prospect_acts.ask_convert": ("/prospects/{person}/convert", "/prospects/{no}/convert"),
    "prospect_acts.ask_erase": ("/prospects/{person}/erase",),
    "prospects.listing": ("/prospects", "/prospects?q={name}", "/prospects?q=nobody{name}"),
    "records.new": ("/prospects/new",),
    "records.edit": ("/prospects/{person}/edit",),
    "rehearsing.show": ("/sequences/{sequence}/rehearse",),
    "rewording.ask": ("/series/{series}/next-mail",),
    "sequence_editor.new": ("/sequences/new",),
    "sequence_editor.edit": ("/sequences/{sequence}/edit",),
    "sequence_publish.review": ("/sequences/{sequence}/publish",),
    "sequence_publish.ask_move": ("/sequences/{sequence}/move",),
    "sequence_shelf.ask": ("/sequences/{sequence}/archive",),
    "sequences.listing": ("/sequences",),
    "sequences.show": ("/sequences/{sequence}",),
    "sequences.version": ("/sequences/{sequence}/versions/1",),
    "settings.show": ("/settings",),
    "team.listing": ("/team",),
    "today.show": ("/",),
    "today.pane": ("/today/task/1", "/today/reply/1"),
    "uncertain.listing": ("/uncertain",),
    "writing.show": ("{written}",),
    "writing.ask": ("/prospects/{person}/write", "/prospects/{no}/write"),
}
"""Where each page is, in each state that has names of its own."""

PARTS = {
    "around.show", "imports.broken", "mailbox.html", "mailbox.raw", "prospect_acts.export", "prospects.jump",
    "second_addresses.at_home", "sequence_editor.news", "today.waiting",
}  # fmt: skip
"""What is asked for by a page or kept as a file: seen with the page, or on none."""

AS_SENT = "mailbox.show"
"""Shows a mail's headers, letter by letter."""

_WIDEST = """() => {
  const limit = innerWidth, page = document.scrollingElement;
  const all = (selector) => [...document.body.querySelectorAll(selector)];
  const says = (one) => [one.tagName.toLowerCase(), ...one.classList].join(".");
  const end = (one) => {
    const words = document.createRange();   /* words may reach out of the box that holds them */
    words.selectNodeContents(one);
    return Math.round(Math.max(one.getBoundingClientRect().right, words.getBoundingClientRect().right));
  };
  const boxes = all(".table-wrap:not([tabindex])").filter((one) => one.scrollWidth > one.clientWidth + 1);
  if (page.scrollWidth <= limit && !boxes.length) return "";
  const over = all("*").filter((one) => end(one) > limit + 1 && one.getClientRects().length);
  const inner = over.filter((one) => !over.some((other) => other !== one && one.contains(other)));
  const widest = inner.sort((one, other) => end(other) - end(one))[0];
  const path = [];
  for (let one = widest; one && one.tagName !== "MAIN" && path.length < 6; one = one.parentElement) {
    path.unshift(says(one));
  }
  return `${widest ? end(widest) : page.scrollWidth} px: ${path.join(" > ")}`;
}"""
"""The innermost element that reaches furthest to the right; "" where nothing is wider than the screen."""


_SQUEEZED = """() => {
  const texts = (one) => [...one.childNodes].filter((node) => node.nodeType === 3);
  const own = (one) => texts(one).map((node) => node.data).join("").trim();
  return [...document.querySelectorAll("main *")].filter((one) => {
    const box = one.getBoundingClientRect(), line = parseFloat(getComputedStyle(one).lineHeight) || 20;
    return own(one).length > 8 && box.width > 1 && box.width < 48 && box.height > 6 * line;
  }).map((one) => own(one).slice(0, 20)).join("; ");
}"""
"""Words that stand a letter or two a line beside something that left them no room."""


def test_every_staff_page_is_among_them(office: Office) -> None:
    assert _staff_pages(create_app(office.services)) == set(PAGES) | PARTS


def _staff_pages(app: Flask) -> set[str]:
    return {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if isinstance(access_of(app.view_functions[rule.endpoint]), Act) and "GET" in (rule.methods or ())
    }


def test_no_long_word_moves_a_staff_page_sideways(office: Office, eyes: Eyes) -> None:
    visitor = office.claim(f"Noor {LONG[:80]}")
    ids = _filled(office, visitor)
    page, wide = eyes.open(visitor, size=NARROW), []
    page.emulate_media(reduced_motion="reduce")
    for endpoint, paths in PAGES.items():
        for place, path in enumerate(paths):
            wide += _looked_at(eyes, page, f"{endpoint}-{place}", path.format_map(ids))
    assert not wide, "\n".join(wide)


def _looked_at(eyes: Eyes, page: Page, name: str, path: str) -> list[str]:
    answer = page.goto(path)
    assert answer is not None
    assert answer.ok, f"{name} {path}: {answer.status}"
    found = page.evaluate(_WIDEST)
    if "xn--" in page.inner_text("body") and not name.startswith(AS_SENT):
        eyes.faults.append(f"{name} shows a domain as it is sent, not as it is read")
    squeezed = page.evaluate(_SQUEEZED)
    eyes.photograph(page, f"narrow-{name}")
    page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    at_a_desk = page.evaluate(_WIDEST)
    eyes.photograph(page, f"desk-{name}")
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    both = ((found, NARROW), (at_a_desk, DESK))
    wide = [f"{name} at {size[0]} px reaches {told}" for told, size in both if told]
    return [*wide, f"{name} squeezes {squeezed}"] if squeezed else wide


def _filled(office: Office, visitor: Visitor) -> dict[str, object]:
    """One long name on every page that has one; what to put into the addresses."""
    outreach, services = Outreach(office.services), office.services
    person = outreach.person(f"{LOCAL}@{DOMAIN}", name=NAME)
    company = outreach.prospect(person).company_id
    others = {
        who: outreach.person(
            f"{who}{LOCAL[:50]}@{DOMAIN}", company_id=company, name=NAME, proven=who != "bare"
        )
        for who in ("lead", "no", "bare", "waits")
    }
    sequence = outreach.sequence(mail(), hand_work(1, LONG[:120]), mail(3, ""))
    held = outreach.sequence(mail(subject=LONG))
    with services.database.transaction() as session:
        session.execute(
            update(Company).values(name=COMPANY, relevance=LONG, website=f"https://www.{DOMAIN}/{LONG}")
        )
        session.execute(update(Prospect).values(role=ROLE, role_relevance=LONG))
        nameless = Prospect.id.in_([others[who] for who in ("lead", "no", "waits")])
        session.execute(update(Prospect).where(nameless).values(name=""))
        session.execute(update(SequenceRow).where(SequenceRow.id == sequence).values(name=LONG[2:122]))
        session.execute(
            update(SequenceRow).where(SequenceRow.id == held).values(name=LONG[3:123], first_waits=True)
        )
        session.execute(update(Mailbox).values(display_name=NAME, sender_name=NAME))
        session.add(
            Staff(
                name="Daan Vermeer",
                email="daan@produfoto.example",
                password_hash="",
                role=Role.SALES,
                created_at=real_clock(),
            )
        )
    outreach.enrol([person], sequence)
    outreach.enrol([others["waits"]], held)
    key = _mail_and_answer(office)
    asked = visitor.get(f"/prospects/{person}/write?to=2")
    written = visitor.submit(asked, "/write", subject=LONG, body=LONG).headers["Location"]
    visitor.submit(visitor.get(f"/prospects/{person}"), "/addresses$", address=f"{LOCAL[::-1]}@{DOMAIN}")
    visitor.submit(visitor.get(f"/sequences/{held}"), "/pause$")
    _notes_and_noes(office, person, **{who: others[who] for who in ("lead", "no")})
    done = bring_in(visitor, _file(), source_kind="fair", source_words=LONG, obtained_on="2026-02-27")
    office.tick()
    looked = visitor.follow(
        visitor.upload(visitor.get("/imports"), "/imports$", f"{LONG[:100]}.csv", _file())
    )
    visitor.submit(looked, f"{looked.url.rpartition('/')[2]}$", act="rows")
    return {
        "person": person, "name": NAME, "address": f"{LOCAL}@{DOMAIN}", "sequence": sequence, "mail": key,
        "series": 2, "held": held, "written": written, "import_done": done.url,
        "import_preview": looked.url, **others,
    }  # fmt: skip


def _mail_and_answer(office: Office) -> str:
    """The first mail leaves and is answered, twice; a second one is in doubt."""
    viewer = office.services.sent_mail
    assert viewer is not None
    office.pass_time_until(lambda: bool(viewer.newest()))
    first = viewer.newest()[0]
    wire = viewer.read(first.key)
    assert wire is not None
    for words in ("Bel me morgen.", "Of overmorgen."):
        deliver(office.inbox, Arrived("", first.recipient, wire).answer(f"{LONG}\n\n{words}"))
    office.tick()
    return first.key


def _notes_and_noes(office: Office, person: int, *, lead: int, no: int) -> None:
    outreach, services, by = Outreach(office.services), office.services, Actor.staff(1)
    with services.database.transaction() as session:
        said = Said(NoteKind.NOTE, LONG, follow_up_at=outreach.now + timedelta(seconds=1))
        for who in (person, no):
            log_note(session, who, said, by=1, now=outreach.now)
        ring, links = services.settings.keys.addresses, services.links
        convert(session, lead, Converting(ring, links, outreach.now, real_clock()), by=by)
    outreach.refuse(outreach.prospect(no).address)
    with services.database.transaction() as session:
        session.execute(update(Message).values(state=MessageState.UNCERTAIN))


def _file() -> bytes:
    rows = [
        f"new{LOCAL[:50]}@{DOMAIN};{NAME};{COMPANY};NL;{ROLE};{LONG}",
        f"{LONG};{NAME};{COMPANY};NL;{ROLE};{LONG}",
    ]
    return sheet(*rows, headers=f"Email;Name;Company;Country;Job title;{LONG[:100]}")
