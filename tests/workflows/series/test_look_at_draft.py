"""Before publishing: everything a reader could notice is shown, the sender too."""

import pytest
from sqlalchemy import update

from crm.delivery.models import Mailbox
from crm.kernel.mail import Language
from crm.sequences import drafts, versions
from crm.sequences.drafts import Typed, TypedStep
from crm.sequences.models import Sequence
from crm.sequences.texts import Words
from crm.sequences.versions import NewStep
from crm.services import Services
from crm.workflows.series.look_at_draft import Look, look_at_draft
from tests.conftest import FakeClock
from tests.outreach import Outreach, mail

pytestmark = pytest.mark.both_databases


def looked(outreach: Outreach, sequence: int, *, box: int) -> Look:
    """A draft with the very same steps, from a mailbox."""
    with outreach.services.database.reading() as session:
        steps = drafts.blank(versions.newest(session, sequence))
        name = session.get_one(Sequence, sequence).name
        return look_at_draft(session, sequence, Typed(name, Language.NL, box, steps))


def noor(outreach: Outreach) -> int:
    box = outreach.mailbox()
    with outreach.services.database.transaction() as session:
        session.execute(
            update(Mailbox)
            .where(Mailbox.id == box)
            .values(address="noor@outreach.produfoto.example", display_name="Noor", sender_name="Noor Bakker")
        )
    return box


def changed(outreach: Outreach, sequence: int, *steps: NewStep) -> Look:
    """A draft that says something else in some steps, from the same mailbox."""
    with outreach.services.database.reading() as session:
        row = session.get_one(Sequence, sequence)
        typed = tuple(
            TypedStep(one.kind, str(one.delay), (Words(one.subject, one.body),), one.lineage) for one in steps
        )
        return look_at_draft(session, sequence, Typed(row.name, Language.NL, row.mailbox_id, typed))


def said(look: Look) -> str:
    return "\n".join(line.text for reader in look.readers for one in reader.readings for line in one.lines)


def test_another_sender_is_shown_though_no_word_changes(services: Services) -> None:
    outreach = Outreach(services)
    sequence, _ = outreach.sequence(mail()), outreach.person()
    look = looked(outreach, sequence, box=noor(outreach))
    assert [line.text for line in look.sender if line.mark.value == "new"] == [
        "From: Noor <noor@outreach.produfoto.example>",
        "Signed: Noor Bakker",
    ]
    assert "From: Noor <noor@outreach.produfoto.example>" in said(look)
    assert "Noor Bakker" in said(look)


def test_the_same_sender_changes_nothing_for_anybody(services: Services) -> None:
    outreach = Outreach(services)
    box = outreach.mailbox()
    sequence, _ = outreach.sequence(mail(), mailbox=box), outreach.person()
    look = looked(outreach, sequence, box=box)
    assert (look.sender, said(look), len(look.readers)) == ((), "", 1)


def test_who_had_a_mail_already_keeps_its_sender(services: Services, clock: FakeClock) -> None:
    outreach = Outreach(services)
    sequence, person = outreach.sequence(mail(), mail(3, "")), outreach.person()
    [found] = outreach.enrol(person, sequence)
    assert found.due_at
    clock.now = found.due_at
    outreach.plan()
    outreach.dispatch()
    look = looked(outreach, sequence, box=noor(outreach))
    assert look.sender
    assert (len(look.readers), said(look)) == (1, "")


def test_those_whom_a_change_reaches_are_shown_before_those_who_are_past_it(
    services: Services, clock: FakeClock
) -> None:
    outreach = Outreach(services)
    sequence = outreach.sequence(mail(), mail(3, ""))
    past = outreach.people(3)
    clock.now = max(one.due_at for one in outreach.enrol(past, sequence) if one.due_at)
    outreach.plan()
    outreach.dispatch()
    about_to = outreach.people(3)
    outreach.enrol(about_to, sequence)
    new_first = (mail(body="Dag, wij maken foto's.", lineage=1), mail(3, "", lineage=2))
    look = changed(outreach, sequence, *new_first)
    assert [one.person.id for one in look.readers] == about_to
    new_second = (mail(lineage=1), mail(3, "", body="Nog iets.", lineage=2))
    look = changed(outreach, sequence, *new_second)
    assert [one.person.id for one in look.readers] == past  # it reaches all of them
    look = looked(outreach, sequence, box=noor(outreach))
    assert [one.person.id for one in look.readers] == about_to  # another sender, for who had no mail yet


def test_where_none_is_before_the_change_those_past_it_are_shown(
    services: Services, clock: FakeClock
) -> None:
    outreach = Outreach(services)
    sequence, past = outreach.sequence(mail(), mail(3, "")), outreach.people(3)
    clock.now = max(one.due_at for one in outreach.enrol(past, sequence) if one.due_at)
    outreach.plan()
    outreach.dispatch()
    look = changed(outreach, sequence, mail(body="Dag, foto's.", lineage=1), mail(3, "", lineage=2))
    assert [one.person.id for one in look.readers] == past
