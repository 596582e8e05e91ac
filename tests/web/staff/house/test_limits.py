"""Mailboxes and limits: a change holds at once, says who made it, and is on record."""

import re
from dataclasses import replace
from html import unescape

import pytest
from sqlalchemy import select

from crm.audit.models import AuditEntry
from crm.delivery.guardrails import Record
from crm.delivery.models import Mailbox
from crm.kernel.mail import MailKind
from crm.operations import rules
from crm.permission.budgets import DEFAULTS
from crm.permission.rules import RULES, budgets_of
from crm.queries.gate.facts import facts_for
from crm.queries.pages.funnel import Funnel
from crm.sequences import drafts
from crm.services import Services
from crm.web.staff.series.sequence_view import stats
from tests.outreach import Outreach, mail
from tests.web.staff.conftest import Browser

PACE = {
    "display_name": "Sanne", "sender_name": "Sanne de Wit", "daily_cap": "30", "gap_minutes": "12",
    "jitter_minutes": "6", "ramp_start": "5", "ramp_step": "3",
}  # fmt: skip


def record(services: Services) -> list[tuple[str, str, dict[str, object]]]:
    with services.database.reading() as session:
        rows = session.execute(
            select(AuditEntry.action, AuditEntry.object, AuditEntry.detail).order_by(AuditEntry.id)
        )
        return [(what, of, detail) for what, of, detail in rows]


def mailbox(services: Services, box: int) -> Mailbox:
    with services.database.reading() as session:
        return session.get_one(Mailbox, box)


def test_a_limit_that_is_changed_holds_at_the_next_question(
    admin: Browser, outreach: Outreach, services: Services
) -> None:
    who = outreach.person()
    assert admin.post("/settings/limits", {"gap_working_days": "7"}).status_code == 303
    with services.database.reading() as session:
        facts = facts_for(session, [who], MailKind.MANUAL, outreach.now, services.settings)[who]
    assert (facts.budgets.gap_working_days, facts.budgets.mails_a_year) == (7, DEFAULTS.mails_a_year)


def test_the_page_says_what_it_was_and_who_changed_it(admin: Browser, services: Services) -> None:
    admin.post("/settings/limits", {"bounce_rate": "1,5"})
    page = admin.get("/settings/limits").text
    assert "Was 2.0; changed by Sanne admin" in page
    assert 'value="1.5"' in page
    assert record(services)[-1] == ("limit.changed", "limit bounce_rate", {"was": 20, "is": 15})


def test_a_sequences_page_shows_the_limits_that_hold(admin: Browser, outreach: Outreach) -> None:
    sequence = outreach.sequence(mail())
    page = admin.get(f"/sequences/{sequence}").text
    assert "limit 2 % from 50 mails on" in page
    assert "limit 0.1 % from 50 mails on" in page
    admin.post("/settings/limits", {"bounce_rate": "4", "complaint_rate": "0,25", "rate_over_mails": "20"})
    page = admin.get(f"/sequences/{sequence}").text
    assert "limit 4 % from 20 mails on" in page
    assert "limit 0.25 % from 20 mails on" in page


def test_a_figure_is_what_the_guard_judges_and_warns_from_the_owners_own_limits_on() -> None:
    found = Funnel(
        enrolled=120, states={}, exits={}, steps=[], sent=120, people_written=120, replied=0, bounced=9,
        complained=0,
    )  # fmt: skip
    records = {1: Record(sent=100, bounced=1, complained=0), 2: Record(sent=20, bounced=1, complained=0)}
    usual = {one["key"]: one for one in stats(found, DEFAULTS, records)}
    assert usual["Came back for good"]["detail"].startswith("of 100 mails of step 1 in 7 days: 1.0 %")
    assert [usual[key]["warn"] for key in ("Came back for good", "Spam reports")] == [False, False]
    assert usual["Mails sent"]["detail"] == "to 120 people, 9 came back"
    strict = {one["key"]: one for one in stats(found, replace(DEFAULTS, rate_over_mails=20), records)}
    assert strict["Came back for good"]["detail"].startswith("of 20 mails of step 2")
    assert strict["Came back for good"]["warn"]


def test_what_was_not_changed_is_not_on_record(admin: Browser, services: Services) -> None:
    same = {name: rule.shown(rule.default) for name, rule in RULES.items()}
    assert admin.post("/settings/limits", same).status_code == 303
    assert [one for one in record(services) if one[0] == "limit.changed"] == []


@pytest.mark.parametrize("typed", ["", "0", "-1", "400", "2.5", "many", "NaN", "Infinity", "1e3", "٣٣٣"])
def test_a_wrong_number_changes_nothing_and_loses_nothing(
    admin: Browser, services: Services, typed: str
) -> None:
    answer = admin.post("/settings/limits", {"mails_a_year": typed, "gap_working_days": "9"})
    assert answer.status_code == 422
    assert "To one person in a year: 1 to 26 mails. Nothing was changed." in answer.text
    assert 'value="9"' in answer.text
    assert record(services) == []


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ({"soft_bounces": "9", "soft_bounces_of": "2"}, 422),
        ({"soft_bounces": "6"}, 422),  # of the last 5, as long as nobody changes that
        ({"soft_bounces_of": "2"}, 422),
        ({"soft_bounces": "7", "soft_bounces_of": "7"}, 303),
    ],
)
def test_a_limit_that_can_never_be_reached_is_refused_in_words(
    admin: Browser, services: Services, typed: dict[str, str], status: int
) -> None:
    answer = admin.post("/settings/limits", typed)
    assert answer.status_code == status
    assert ("it never would, counted over the last" in answer.text) == (status == 422)
    assert bool(record(services)) == (status == 303)


@pytest.mark.parametrize(
    ("typed", "beside"),
    [
        ({"soft_bounces": "3"}, []),
        ({"soft_bounces_of": "9", "undo": "40"}, []),
        ({"soft_bounces_of": "4"}, ["soft_bounces_of"]),
        ({"undo": "40"}, ["soft_bounces"]),
    ],
)
def test_limits_that_disagree_already_can_be_put_right_by_either(
    admin: Browser, services: Services, typed: dict[str, str], beside: list[str]
) -> None:
    with services.database.transaction() as session:
        rules.change(session, "soft_bounces", 9, was=3, by=None, at=services.clocks.calendar())
    answer = admin.post("/settings/limits", typed)
    assert answer.status_code == (422 if beside else 303)
    assert re.findall(r'<input[^>]* name="(\w+)"[^>]*aria-invalid="true"', answer.text) == beside


def test_every_fault_is_said_beside_its_field_and_the_first_has_the_cursor(admin: Browser) -> None:
    answer = admin.post("/settings/limits", {"mails_a_year": "99", "undo": "never", "soft_bounces": "3"})
    assert answer.status_code == 422
    marked = re.findall(r'<input[^>]* name="(\w+)"[^>]*aria-invalid="true"( autofocus)?', answer.text)
    assert marked == [("mails_a_year", " autofocus"), ("undo", "")]
    assert 'id="undo-fault"' in answer.text


def test_every_fault_of_a_mailbox_is_said_beside_its_field(admin: Browser, outreach: Outreach) -> None:
    box = outreach.mailbox()
    wrong = {**PACE, "display_name": " ", "gap_minutes": "soon"}
    page = admin.post(f"/settings/mailboxes/{box}", wrong).text
    assert all(f'id="{name}-{box}-fault"' in page for name in ("name", "gap_minutes"))
    page = admin.post("/settings/mailboxes", {"address": "nobody", "display_name": "Sanne"}).text
    assert 'id="new-address-fault"' in page


def test_a_salesperson_changes_no_limit(sales: Browser, outreach: Outreach) -> None:
    box = outreach.mailbox()
    assert sales.post("/settings/limits", {"gap_working_days": "1"}).status_code == 403
    assert sales.post(f"/settings/mailboxes/{box}", PACE).status_code == 403


def test_a_mailbox_gets_the_pace_that_was_typed(
    admin: Browser, outreach: Outreach, services: Services
) -> None:
    box = outreach.mailbox(cap=20)
    assert admin.post(f"/settings/mailboxes/{box}", PACE).status_code == 303
    row = mailbox(services, box)
    assert (row.daily_cap, row.gap_seconds, row.jitter_seconds, row.ramp_start, row.ramp_step) == (
        30, 720, 360, 5, 3,
    )  # fmt: skip
    assert record(services)[-1][2]["gap_seconds"] == [0, 720]
    assert "0 of 5 mails today, 30 a day once it is warmed up" in admin.get("/settings/limits").text


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("daily_cap", "51", "1 to 50 messages a day"),
        ("daily_cap", "0", "1 to 50 messages a day"),
        ("gap_minutes", "241", "0 to 240 minutes"),
        ("gap_minutes", "ten", "0 to 240 minutes"),
        ("jitter_minutes", "-5", "0 to 120 minutes"),
        ("ramp_start", "51", "On the first day"),
        ("ramp_step", "0", "would stay at its first day for ever"),
        ("display_name", " ", "give the mailbox a name"),
    ],
)
def test_a_pace_that_cannot_be_is_refused_in_words(
    admin: Browser, outreach: Outreach, services: Services, field: str, typed: str, words: str
) -> None:
    box = outreach.mailbox(cap=20)
    answer = admin.post(f"/settings/mailboxes/{box}", {**PACE, field: typed})
    assert (answer.status_code, words in answer.text) == (422, True)
    assert mailbox(services, box).daily_cap == 20


def test_the_most_that_a_mailbox_may_send_is_the_owners(
    admin: Browser, outreach: Outreach, services: Services
) -> None:
    box = outreach.mailbox(cap=20)
    assert admin.post("/settings/limits", {"mails_a_mailbox_day_at_most": "25"}).status_code == 303
    answer = admin.post(f"/settings/mailboxes/{box}", {**PACE, "daily_cap": "26"})
    assert (answer.status_code, "1 to 25 messages a day" in answer.text) == (422, True)
    assert admin.post(f"/settings/mailboxes/{box}", {**PACE, "daily_cap": "25"}).status_code == 303


def test_a_lower_limit_holds_for_a_mailbox_that_nobody_saves_again(
    admin: Browser, outreach: Outreach, services: Services
) -> None:
    box = outreach.mailbox(cap=20, ramp=(15, 5))
    assert admin.post("/settings/limits", {"mails_a_mailbox_day_at_most": "12"}).status_code == 303
    assert "0 of 12 mails today; the limit for every mailbox is 12" in admin.get("/settings/limits").text
    kept = {**PACE, "daily_cap": "20", "ramp_start": "15", "ramp_step": "5"}
    assert admin.post(f"/settings/mailboxes/{box}", {**kept, "sender_name": "S. de Wit"}).status_code == 303
    assert admin.post(f"/settings/mailboxes/{box}", {**kept, "daily_cap": "12"}).status_code == 303
    answer = admin.post(f"/settings/mailboxes/{box}", {**kept, "daily_cap": "12", "ramp_start": "14"})
    assert (answer.status_code, "On the first day" in answer.text) == (422, True)


def test_a_new_step_comes_as_long_after_the_one_before_as_the_owner_says(
    admin: Browser, outreach: Outreach, services: Services
) -> None:
    outreach.mailbox()
    changed = {"step_gap_second": "4", "step_gap_third": "6", "step_gap_later": "9"}
    assert admin.post("/settings/limits", changed).status_code == 303
    delays: list[str] = ["0"]
    for number in range(3):
        typed: dict[str, str | list[str]] = {
            "name": "Voorjaar", "language": "nl", "seen": str(number), "kind": ["email"] * len(delays),
            "delay": delays, "lineage": [""] * len(delays), "texts": ["1"] * len(delays),
            "subject": ["x"] * len(delays), "body": ["y"] * len(delays), "act": "add_mail",
            "sequence_id": "1" if number else "",
        }  # fmt: skip
        admin.post("/sequences/draft", typed)
        with services.database.reading() as session:
            kept = drafts.read(session, 1)
        assert kept is not None
        delays = [one.delay for one in kept.typed.steps]
    assert delays == ["0", "4", "6", "9"]


def test_every_limit_is_shown_with_its_reason_its_range_and_its_default(admin: Browser) -> None:
    page = unescape(admin.get("/settings/limits").text)
    for rule in RULES.values():
        assert rule.why
        said = f"{rule.shown(rule.least)} to {rule.shown(rule.most)}, by default {rule.shown(rule.default)}."
        assert f"{rule.why} {said}" in page


def test_a_gap_that_is_taken_away_holds_nobody_up_any_more(
    admin: Browser, outreach: Outreach, services: Services
) -> None:
    box = outreach.mailbox(cap=30)
    with services.database.transaction() as session:
        session.get_one(Mailbox, box).free_at = outreach.now.replace(hour=23)
    admin.post(f"/settings/mailboxes/{box}", {**PACE, "gap_minutes": "0", "jitter_minutes": "1"})
    assert mailbox(services, box).free_at is None


def test_every_rule_reads_back_what_it_writes() -> None:
    for rule in RULES.values():
        assert rule.least <= rule.default <= rule.most
        assert rule.write(rule.read(rule.default)) == rule.default
    assert budgets_of({name: rule.default for name, rule in RULES.items()}) == DEFAULTS
    assert budgets_of({"a_rule_of_long_ago": 3}) == DEFAULTS
