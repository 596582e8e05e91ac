"""Sequence pages: drafts, what is looked at before publishing, texts beside each other, and the shelf."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from werkzeug.datastructures import MultiDict

from crm.delivery.models import Message, MessageState
from crm.replies.models import InboundMail
from crm.sequences import drafts, versions
from crm.sequences.models import Enrolment, Sequence, SequenceVersion, StepVariant
from crm.sequences.texts import Words
from crm.services import Services
from crm.staff.models import Role
from crm.tracking.models import Opening, OpeningClass
from tests.conftest import FakeClock
from tests.outreach import BODY, Outreach, mail
from tests.web.staff.conftest import Browser, browser_of

B = Words("Tweede aanpak", "Hoi,\n\nZullen we bellen?\n\n{{ sender_name }}")


def form(**more: object) -> dict[str, object]:
    """One mail, as the editor sends it."""
    return {
        "name": "Voorjaar", "language": "nl", "seen": "0", "kind": ["email"], "delay": ["0"],
        "lineage": [""], "texts": ["1"], "subject": ["Foto's voor {{ company }}"], "body": [BODY],
        "act": "save", **more,
    }  # fmt: skip


def post(browser: Browser, path: str, data: dict[str, object]) -> tuple[int, str, str]:
    sent: MultiDict[str, object] = MultiDict(data)
    sent["csrf_token"] = browser.token
    answer = browser.client.post(path, base_url="https://outreach.produfoto.example", data=sent)
    return answer.status_code, answer.headers.get("Location", ""), answer.text


def kept(services: Services, sequence: int) -> drafts.Kept | None:
    with services.database.reading() as session:
        return drafts.read(session, sequence)


def ids(services: Services) -> list[int]:
    with services.database.reading() as session:
        return list(session.scalars(select(Sequence.id)))


def drafted(admin: Browser, services: Services, outreach: Outreach, **more: object) -> int:
    outreach.mailbox()
    code, _, text = post(admin, "/sequences/draft", form(**more))
    assert code in {200, 303}, text
    with services.database.reading() as session:
        return session.scalars(select(Sequence.id).order_by(Sequence.id.desc())).first() or 0


def test_what_is_typed_is_saved_and_resumed(admin: Browser, services: Services, outreach: Outreach) -> None:
    sequence = drafted(admin, services, outreach, delay=["zwei"])
    page = admin.get(f"/sequences/{sequence}/edit").text
    assert 'value="zwei"' in page
    assert "Wij maken foto" in page
    assert "saved by you" in page


def test_a_draft_with_a_fault_is_kept_and_the_fault_is_named_at_once(
    admin: Browser, services: Services, outreach: Outreach
) -> None:
    outreach.mailbox()
    code, _, text = post(admin, "/sequences/draft", form(body=["Hoi {{ voornaam }}"]))
    assert code == 200
    assert "Saved as a draft. Before it can be published:" in text
    assert "voornaam" in text[text.index("Before it can be published") :][:400]
    [sequence] = ids(services)
    found = kept(services, sequence)
    assert found is not None
    assert "{{ voornaam }}" in str(found.typed)


def test_a_draft_without_a_name_is_told_so_and_keeps_its_text(admin: Browser, outreach: Outreach) -> None:
    outreach.mailbox()
    code, _, text = post(admin, "/sequences/draft", form(name=""))
    assert (code, "Give the sequence a name" in text, "Wij maken foto" in text) == (422, True, True)


def test_without_a_mailbox_nothing_is_saved_and_it_says_what_to_do(admin: Browser) -> None:
    code, _, text = post(admin, "/sequences/draft", form())
    assert (code, "no mailbox to send from" in text) == (422, True)


def test_a_name_that_is_taken_is_said(admin: Browser, services: Services, outreach: Outreach) -> None:
    drafted(admin, services, outreach)
    code, _, text = post(admin, "/sequences/draft", form())
    assert (code, "Another sequence has this name" in text) == (422, True)


@pytest.mark.parametrize(
    ("act", "kinds", "texts"),
    [
        ("add_task", ["email", "task"], [1, 1]),
        ("add_wait", ["email", "wait"], [1, 1]),
        ("text:1", ["email"], [2]),
        ("remove:1", ["email"], [1]),
        ("up:1", ["email"], [1]),
        ("untext:1:1", ["email"], [1]),
        ("remove:9", ["email"], [1]),
        ("dance", ["email"], [1]),
    ],
)
def test_every_button_of_the_editor_saves_what_was_typed_too(
    admin: Browser, services: Services, outreach: Outreach, act: str, kinds: list[str], texts: list[int]
) -> None:
    sequence = drafted(admin, services, outreach, act=act)
    if not (found := kept(services, sequence)):
        post(admin, "/sequences/draft", form())  # a new one without a name yet is not saved
        return
    assert [one.kind.value for one in found.typed.steps] == kinds
    assert [len(one.texts) for one in found.typed.steps] == texts
    assert found.typed.steps[0].texts[0].body.startswith("Dag")


def test_steps_change_places_and_texts_stay_with_their_step(
    admin: Browser, services: Services, outreach: Outreach
) -> None:
    two = {
        "kind": ["email", "email"], "delay": ["0", "3"], "lineage": ["", ""], "texts": ["2", "1"],
        "subject": ["A", "B", ""], "body": ["een", "twee", "drie"],
    }  # fmt: skip
    sequence = drafted(admin, services, outreach, act="down:1", **two)
    found = kept(services, sequence)
    assert found
    assert [[text.body for text in one.texts] for one in found.typed.steps] == [["drie"], ["een", "twee"]]


def test_of_two_colleagues_the_second_is_told_and_both_texts_are_there(
    admin: Browser, app: Flask, services: Services, outreach: Outreach
) -> None:
    sequence = drafted(admin, services, outreach)
    other = browser_of(app, services, Role.MANAGER)
    again = {"sequence_id": str(sequence), "seen": "1"}
    assert post(other, "/sequences/draft", form(**again, subject=["Van de ander"]))[0] == 303
    code, _, text = post(admin, "/sequences/draft", form(**again, subject=["Van mij"]))
    assert code == 409
    assert "while you were typing" in text
    assert re.search(r"Sanne manager", text)
    assert "<del>" in text
    assert 'value="Van mij"' in text
    found = kept(services, sequence)
    assert found
    assert found.typed.steps[0].texts[0].subject == "Van de ander"
    seen = re.search(r'name="seen" value="(\d+)"', text)
    assert seen
    again["seen"] = seen[1]
    assert post(admin, "/sequences/draft", form(**again, subject=["Van mij"]))[0] == 303


def test_who_opens_a_colleagues_draft_is_told_whose_it_is(
    admin: Browser, app: Flask, services: Services, outreach: Outreach
) -> None:
    sequence = drafted(admin, services, outreach)
    other = browser_of(app, services, Role.MANAGER)
    assert "Sanne admin saved this draft" in other.get(f"/sequences/{sequence}/edit").text


def test_an_open_editor_hears_of_a_colleagues_save(
    admin: Browser, app: Flask, services: Services, outreach: Outreach
) -> None:
    sequence = drafted(admin, services, outreach)
    news = f"/sequences/{sequence}/draft-news?seen=1"
    assert admin.get(news).status_code == 204
    other = browser_of(app, services, Role.MANAGER)
    post(other, "/sequences/draft", form(sequence_id=str(sequence), seen="1"))
    assert "Sanne manager saved this draft" in admin.get(news).text


def test_a_fault_keeps_it_from_the_review_and_is_said_beside_its_step(
    admin: Browser, services: Services, outreach: Outreach
) -> None:
    outreach.mailbox()
    code, _, text = post(admin, "/sequences/draft", form(act="review", body=["Dag {{ voornaam }}"]))
    assert code == 422
    assert "Saved as a draft. Before it can be published" in text
    assert 'href="#step-1"' in text


def reviewed(admin: Browser, sequence: int) -> tuple[str, dict[str, object]]:
    """The page before publishing, and what its form sends."""
    page = admin.get(f"/sequences/{sequence}/publish").text
    fields = dict(re.findall(r'name="(revision|version_id|up_to)" value="(\d+)"', page))
    return page, {**fields, "who": "new"}


def change(
    admin: Browser, outreach: Outreach, *, body: str, people: int = 1
) -> tuple[int, str, dict[str, object]]:
    """A published sequence with people in it, and a draft that says something else."""
    sequence = outreach.sequence(mail(), mail(3, "", "Nog even over de foto's."))
    outreach.enrol(outreach.people(people), sequence)
    data = form(
        sequence_id=str(sequence), name="Voorjaar", act="review", kind=["email", "email"],
        delay=["0", "4"], lineage=["1", "2"], texts=["1", "1"], subject=["Foto's voor {{ company }}", ""],
        body=[BODY, body],
    )  # fmt: skip
    code, location, text = post(admin, "/sequences/draft", data)
    assert code == 303, text
    assert location.endswith("/publish")
    page, fields = reviewed(admin, sequence)
    return sequence, page, fields


def test_before_publishing_the_words_that_change_are_marked_in_text_too(
    admin: Browser, outreach: Outreach
) -> None:
    _, page, _ = change(admin, outreach, body="Nog even over de mooie foto's.")
    assert "<ins>mooie </ins>" in page
    assert "Was: 2. Mail, after 3 working days" in page
    assert "2. Mail, after 4 working days" in page


def test_before_publishing_three_real_people_are_shown_their_mail(admin: Browser, outreach: Outreach) -> None:
    _, page, _ = change(admin, outreach, body="Nog even over {{ company }}.", people=4)
    assert "As 3 real people would read it" in page
    assert page.count('id="reader-') >= 3
    assert "Nog even over Winkel" in re.sub(r"</?ins>", "", page.partition('id="reader-1"')[2])
    assert "{{ company }}" not in page.partition('id="reader-1"')[2]


def test_before_publishing_everybody_on_their_way_is_named(admin: Browser, outreach: Outreach) -> None:
    sequence = outreach.sequence(mail())
    names = ["Anna de Boer", "Jan van der Meer", "Zoë Müller"]
    outreach.enrol([outreach.person(name=name) for name in names], sequence)
    data = form(sequence_id=str(sequence), lineage=["1"], act="review", body=["Anders, {{ company }}"])
    post(admin, "/sequences/draft", data)
    page, _ = reviewed(admin, sequence)
    people = page.partition('id="people"')[2]
    assert all(name in people for name in names)
    assert people.count("goes on with step 1, mail") == 3


def test_by_default_only_new_people_get_it(admin: Browser, services: Services, outreach: Outreach) -> None:
    sequence, page, fields = change(admin, outreach, body="Anders.")
    assert re.search(r'value="new" checked', page)
    code, location, _ = post(admin, f"/sequences/{sequence}/publish", fields)
    assert (code, "did=published" in location) == (303, True)
    with services.database.reading() as session:
        newest = versions.newest_id(session, sequence)
        assert session.scalars(select(Enrolment.version_id)).one() != newest
    assert "1 person goes on in an older version" in admin.get(f"/sequences/{sequence}").text


def test_the_others_are_moved_when_that_was_chosen(
    admin: Browser, services: Services, outreach: Outreach
) -> None:
    sequence, _, fields = change(admin, outreach, body="Anders.")
    post(admin, f"/sequences/{sequence}/publish", {**fields, "who": "all"})
    with services.database.reading() as session:
        newest = versions.newest_id(session, sequence)
        assert session.scalars(select(Enrolment.version_id)).one() == newest


def test_what_a_colleague_saved_meanwhile_is_shown_and_not_published(
    admin: Browser, services: Services, outreach: Outreach
) -> None:
    sequence, _, fields = change(admin, outreach, body="Anders.")
    post(admin, "/sequences/draft", form(sequence_id=str(sequence), seen="1", lineage=["1"]))
    code, _, text = post(admin, f"/sequences/{sequence}/publish", fields)
    assert (code, "Nothing was published" in text) == (409, True)
    with services.database.reading() as session:
        assert len(session.scalars(select(SequenceVersion.id)).all()) == 1


def test_published_twice_at_once_is_published_once(
    admin: Browser, services: Services, outreach: Outreach
) -> None:
    sequence, _, fields = change(admin, outreach, body="Anders.")
    codes = [post(admin, f"/sequences/{sequence}/publish", fields)[0] for _ in range(2)]
    assert codes == [303, 303]
    with services.database.reading() as session:
        assert len(session.scalars(select(SequenceVersion.id)).all()) == 2


def test_those_left_behind_can_be_moved_later(admin: Browser, services: Services, outreach: Outreach) -> None:
    sequence, _, fields = change(admin, outreach, body="Anders.", people=2)
    post(admin, f"/sequences/{sequence}/publish", fields)
    page = admin.get(f"/sequences/{sequence}/move").text
    assert page.count("version 1, step 1") == 2
    found = re.search(r'name="up_to" value="(\d+)"', page)
    assert found
    post(admin, f"/sequences/{sequence}/move", {"up_to": found[1]})
    assert "Everybody is on the newest version" in admin.get(f"/sequences/{sequence}/move").text


def test_an_old_version_can_still_be_read(admin: Browser, outreach: Outreach) -> None:
    sequence, _, fields = change(admin, outreach, body="Anders.")
    post(admin, f"/sequences/{sequence}/publish", fields)
    old, new = (admin.get(f"/sequences/{sequence}/versions/{number}").text for number in (1, 2))
    assert ("Nog even over de foto" in old, "Anders." in old) == (True, False)
    assert ("Nog even over de foto" in new, "Anders." in new) == (False, True)
    assert admin.get(f"/sequences/{sequence}/versions/3").status_code == 404


def replies(services: Services, outreach: Outreach, clock: FakeClock, *, of_b: int) -> int:
    """40 people got A or B; everybody with B replied when told so, and nobody with A."""
    sequence = outreach.sequence(mail(others=(B,)))
    outreach.enrol(outreach.people(40), sequence)
    morning, clock.now = clock.now, clock.now + timedelta(hours=7)
    outreach.plan()
    clock.now = morning  # a day later nobody would be logged in any more
    with services.database.transaction() as session:
        session.execute(update(Message).values(state=MessageState.SENT, sent_at=clock.now))
        b = session.scalars(select(StepVariant.id).where(StepVariant.number == 2)).one()
        got_b = list(session.scalars(select(Message.id).where(Message.variant_id == b)))
        for message in session.scalars(select(Message)):
            # Everybody's machine answers and opens it, which is no reply.
            kinds = ["automatic", *(["person"] if message.id in got_b[:of_b] else [])]
            session.add(
                Opening(
                    message_id=message.id, user_agent="x", opened_at=clock.now, opened_by=OpeningClass.PERSON
                )
            )
            for kind in kinds:
                session.add(
                    InboundMail(
                        digest=f"{kind}{message.id}",
                        message_id=message.id,
                        prospect_id=message.prospect_id,
                        kind=kind,
                        received_at=clock.now,
                    )
                )
    return sequence


def test_texts_are_compared_by_replies_with_their_intervals(
    admin: Browser, services: Services, outreach: Outreach, clock: FakeClock
) -> None:
    sequence = replies(services, outreach, clock, of_b=2)
    page = admin.get(f"/sequences/{sequence}").text
    card = page.partition('id="texts-1"')[2].partition("</section>")[0]
    assert "No difference can be told yet: the intervals overlap." in card
    assert re.search(r"<b>0</b> of \d+ replied", card)
    assert re.search(r"<b>2</b> of \d+ replied", card)
    assert "More replies" not in card
    assert "Tweede aanpak" in card


def test_a_text_whose_interval_is_above_the_other_is_named(
    admin: Browser, services: Services, outreach: Outreach, clock: FakeClock
) -> None:
    sequence = replies(services, outreach, clock, of_b=40)
    card = admin.get(f"/sequences/{sequence}").text.partition('id="texts-1"')[2]
    assert "Text B gets more replies" in card


def test_a_text_switched_off_keeps_its_numbers_on_the_page(
    admin: Browser, services: Services, outreach: Outreach, clock: FakeClock
) -> None:
    sequence = replies(services, outreach, clock, of_b=2)
    with services.database.reading() as session:
        a, b = session.scalars(select(StepVariant.id).order_by(StepVariant.number))
    post(admin, f"/sequences/{sequence}/texts/{b}/off", {})
    card = admin.get(f"/sequences/{sequence}").text.partition('id="texts-1"')[2].partition("</section>")[0]
    assert re.search(r"<b>2</b> of \d+ replied", card)
    assert "Switch on" in card
    _, location, _ = post(admin, f"/sequences/{sequence}/texts/{a}/off", {})
    assert "did=text_last" in location


def test_texts_without_subjects_are_told_apart_by_the_line_that_differs(
    admin: Browser, outreach: Outreach
) -> None:
    others = (Words("", "Dag,\n\nZal ik bellen?"),)
    sequence = outreach.sequence(mail(), mail(3, "", "Dag,\n\nHad u al tijd?", others=others))
    card = admin.get(f"/sequences/{sequence}").text.partition('id="texts-2"')[2]
    assert ">Had u al tijd?<" in card
    assert ">Zal ik bellen?<" in card


def test_deleting_with_people_in_it_is_refused_and_archiving_offered(
    admin: Browser, services: Services, outreach: Outreach
) -> None:
    sequence = outreach.sequence()
    outreach.enrol(outreach.person(), sequence)
    code, _, text = post(admin, f"/sequences/{sequence}/delete", {})
    assert code == 409
    assert "Archive it instead" in text
    assert f'action="/sequences/{sequence}/archive"' in text


def test_an_archived_sequence_leaves_the_list_and_comes_back(admin: Browser, outreach: Outreach) -> None:
    sequence = outreach.sequence()
    link = f'href="/sequences/{sequence}"'
    post(admin, f"/sequences/{sequence}/archive", {"people": "finish"})
    assert link not in admin.get("/sequences").text
    assert link in admin.get("/sequences?show=archived").text
    person = outreach.person()
    assert f'value="{sequence}"' not in admin.get(f"/prospects/{person}").text
    _, location, _ = post(admin, f"/prospects/{person}/enrol", {"sequence_id": str(sequence)})
    assert "did=archived" in location
    assert outreach.enrolments() == []
    post(admin, f"/sequences/{sequence}/bring-back", {})
    assert link in admin.get("/sequences").text


def test_who_is_enrolled_behind_a_full_mailbox_is_warned_about(admin: Browser, outreach: Outreach) -> None:
    sequence = outreach.sequence(mailbox=outreach.mailbox(cap=1))
    in_time = outreach.person()
    _, location, _ = post(admin, f"/prospects/{in_time}/enrol", {"sequence_id": str(sequence)})
    assert "did=enrolled" in location
    ids = outreach.people(29)
    form: dict[str, object] = {"act": "enrol", "sequence_id": str(sequence), "id": ids}
    _, _, page = post(admin, "/prospects/bulk", form)
    assert re.search(r"<b>\d+ of 29 would be too late\.</b>", page)
    assert f'href="/sequences/{sequence}/rehearse?who=running"' in page
    assert 'href="/settings/limits"' in page


def test_sales_staff_look_but_do_not_publish(sales: Browser, outreach: Outreach) -> None:
    sequence = outreach.sequence()
    assert sales.get(f"/sequences/{sequence}").status_code == 200
    assert sales.get(f"/sequences/{sequence}/versions/1").status_code == 200
    paths = ("edit", "publish", "move", "archive")
    assert {sales.get(f"/sequences/{sequence}/{one}").status_code for one in paths} == {403}


def test_what_was_sent_says_which_step_of_which_version_and_which_text(
    admin: Browser, services: Services, outreach: Outreach, clock: FakeClock
) -> None:
    sequence = replies(services, outreach, clock, of_b=1)
    with services.database.reading() as session:
        letters = {row.id: "ABCD"[row.number - 1] for row in session.scalars(select(StepVariant))}
        name = session.get_one(Sequence, sequence).name
    for message in outreach.messages()[:3]:
        page = admin.get(f"/prospects/{message.prospect_id}").text
        said = f"{name}, version 1, step 1, text {letters[message.variant_id or 0]}"
        assert f'href="/sequences/{sequence}/versions/1">{said}<' in page


def test_a_paused_sequence_tells_no_times_that_are_untrue(admin: Browser, outreach: Outreach) -> None:
    sequence = outreach.sequence(mail())
    outreach.enrol(outreach.person("info@b\u00fccher.example", name=""), sequence)
    page = admin.get(f"/sequences/{sequence}").text
    assert ('class="rows going"' in page, ">planned<" in page) == (True, True)
    assert ("info@b\u00fccher.example" in page, "xn--" in page) == (True, False)
    admin.post(f"/sequences/{sequence}/pause")
    page = admin.get(f"/sequences/{sequence}").text
    assert "Nothing leaves while it is paused" in page
    assert ('class="rows going"' in page, ">planned<" in page) == (False, False)
