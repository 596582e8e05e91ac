"""The rehearsal as a page: whom it is for, every mail in their time, who is left out and why."""

import re

import pytest
from flask import Flask
from sqlalchemy import func, select

from crm.delivery.models import Message
from crm.permission.words import explain
from crm.prospects.models import Status
from crm.queries.pages.listing import Filter
from crm.sequences import versions
from crm.sequences.models import Enrolment
from crm.services import Services
from crm.workflows.foresight import rehearsal_audience
from crm.workflows.foresight.rehearse import rehearse
from tests.outreach import Outreach, hand_work, mail
from tests.web.staff.conftest import Browser


def words(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def test_every_mail_stands_with_the_readers_own_time(admin: Browser, outreach: Outreach) -> None:
    sequence = outreach.sequence(mail(), mail(3, ""))
    person = outreach.person(country="GB", time_zone="Europe/London", name="Ann Hall")
    page = words(admin.get(f"/sequences/{sequence}/rehearse").text)
    with outreach.services.database.reading() as session:
        told = rehearse(session, sequence, [person], now=outreach.now, settings=outreach.services.settings)
    assert len(told.mails) == 2
    for one in told.mails:
        there = one.at.astimezone(told.people[person].zone)
        assert f"{there:%a} {there.day} {there:%b} {there:%H:%M}" in page
        assert f"{there.hour + 1:02}:{there:%M} here" in page
    assert "1 to 2 of 2" in page


def test_who_is_left_out_is_named_with_what_to_do(admin: Browser, outreach: Outreach) -> None:
    sequence = outreach.sequence()
    outreach.person(name="Mag Wel")
    no = outreach.person(name="Zonder Grond", proven=False)
    page = admin.get(f"/sequences/{sequence}/rehearse").text
    with outreach.services.database.reading() as session:
        told = rehearse(session, sequence, [no], now=outreach.now, settings=outreach.services.settings)
    said = explain(told.left[0].decision.against[0])
    assert "Would not be enrolled" in page
    assert f'/prospects/{no}/why">Zonder Grond' in page
    assert said.mend in page.replace("&#39;", "'")


def test_a_rehearsal_changes_nothing(admin: Browser, outreach: Outreach, services: Services) -> None:
    sequence = outreach.sequence(mail(), hand_work(1), mail(2, ""))
    outreach.people(3)
    assert admin.get(f"/sequences/{sequence}/rehearse?task=2").status_code == 200
    with services.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Enrolment)) == 0
        assert session.scalar(select(func.count()).select_from(Message)) == 0


def test_those_who_were_ticked_are_rehearsed(admin: Browser, outreach: Outreach) -> None:
    sequence = outreach.sequence()
    one, other = outreach.person(name="Els Aan"), outreach.person(name="Jan Uit")
    answer = admin.post("/prospects/bulk", {"act": "rehearse", "sequence_id": str(sequence), "id": str(one)})
    assert answer.status_code == 303
    page = admin.get(answer.headers["Location"]).text
    assert "Els Aan" in page
    assert "Jan Uit" not in page
    assert f"/prospects/{other}" not in page


def test_the_list_is_rehearsed_as_it_is_filtered(admin: Browser, outreach: Outreach) -> None:
    sequence = outreach.sequence()
    outreach.person(country="BE", time_zone="", name="Bas Belg")
    outreach.person(name="Nel Neder")
    listed = admin.get("/prospects?country=BE").text
    link = f"/sequences/{sequence}/rehearse?who=list&amp;"
    assert link in listed
    page = admin.get(f"/sequences/{sequence}/rehearse?who=list&country=BE").text
    assert "Bas Belg" in page
    assert "Nel Neder" not in page


def test_those_who_may_be_written_to_come_before_the_newest_of_a_long_list(
    admin: Browser, outreach: Outreach, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an import of thousands whom nothing allows to be written to."""
    monkeypatch.setattr(rehearsal_audience, "LOOKED_AT", 3)
    sequence = outreach.sequence(mail())
    first = outreach.person(name="Mag Wel")
    for number in range(4):
        outreach.person(name=f"Zonder Grond {number}", proven=False)
    page = words(admin.get(f"/sequences/{sequence}/rehearse").text)
    with outreach.services.database.reading() as session:
        people = rehearsal_audience.audience(
            session, Filter(status=Status.NEW), versions.newest(session, sequence),
            now=outreach.now, settings=outreach.services.settings,
        )  # fmt: skip
    assert (people.ids, len(people.asked), people.is_whole) == ([first], 3, False)
    assert "1 to 1 of 1" in page
    assert "3 of it were looked at" in page
    assert "below are the reasons of the 2 left out" in page


def test_a_rehearsal_is_full_when_enough_may_begin(
    admin: Browser, outreach: Outreach, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal_audience, "MOST", 2)
    sequence = outreach.sequence(mail())
    outreach.people(3)
    page = words(admin.get(f"/sequences/{sequence}/rehearse").text)
    assert "1 to 2 of 2" in page
    assert "This is for 2 people, the first of the list" in page


def test_what_is_taken_for_granted_is_said(admin: Browser, outreach: Outreach) -> None:
    sequence = outreach.sequence()
    outreach.person(domain_answer=None)
    admin.post(f"/sequences/{sequence}/pause")
    page = admin.get(f"/sequences/{sequence}/rehearse").text
    assert "The sequence is paused. This is what would happen if it were resumed now." in page
    assert "The mail domains of 1 are not looked up yet." in page


def test_a_sequence_without_a_version_has_nothing_to_rehearse(
    admin: Browser, app: Flask, outreach: Outreach
) -> None:
    sequence = outreach.sequence()
    assert admin.get("/sequences/999/rehearse").status_code == 404
    assert "1 to" not in admin.get(f"/sequences/{sequence}/rehearse").text
    assert "There is nobody to rehearse it for." in admin.get(f"/sequences/{sequence}/rehearse").text


def test_odd_addresses_are_read_for_what_they_are_worth(admin: Browser, outreach: Outreach) -> None:
    sequence = outreach.sequence()
    outreach.people(2)
    for query in (
        "who=x",
        "who=chosen&ids=1.x..99999999999999999999",
        "from=-5",
        "from=9999",
        "task=zz",
        "task=-1",
    ):
        assert admin.get(f"/sequences/{sequence}/rehearse?{query}").status_code == 200
