"""The "may we write?" card in words, from what the gate says."""

from datetime import datetime
from typing import Any

from crm.permission.findings import Decision, Finding, Verdict
from crm.permission.reasons import Weight
from crm.permission.words import Explanation, explain, explained, refused_by_company
from crm.queries.prospect import Sheet
from crm.web.staff import times, words
from crm.web.staff.mending import Way, way_of

_SENTENCES = {Verdict.ALLOW: "Yes, you may", Verdict.WAIT: "Not yet", Verdict.DENY: "No"}


def verdict(sheet: Sheet, now: datetime) -> dict[str, Any]:
    """The "may we write?" card: one sentence, three acts, every reason with its proof and its mending."""
    decision = sheet.may_write
    first = explain(decision.reasons[0]) if decision.reasons else None
    more = first.title if first and not decision.allows else ""
    if decision.verdict is Verdict.WAIT and decision.retry_at:
        start = times.inside(times.short(decision.retry_at, now))
        more = f"{more}. A new mail may go from {start}."
    return {
        "state": words.VERDICT[decision.verdict],
        "sentence": _SENTENCES[decision.verdict],
        "more": more,
        "acts": [
            {
                "state": words.VERDICT[sheet.may_answer.verdict],
                "name": "Answer",
                "note": _note(sheet.may_answer),
            },
            {"state": words.VERDICT[decision.verdict], "name": "New mail", "note": _note(decision)},
        ],
        "reasons": [
            _reason(one, said, way_of(one, sheet.person.id, is_companys_no=refused_by_company(decision)))
            for one, said in explained(decision)
        ],
    }


def _note(decision: Decision) -> str:
    if decision.allows:
        return "any time"
    return explain(decision.reasons[0]).short if decision.reasons else ""


def _reason(finding: Finding, said: Explanation, way: Way | None) -> dict[str, Any]:
    return {
        "way": way if finding.weight is not Weight.OK else None,
        "state": words.WEIGHT[finding.weight],
        "text": said.title,
        "proof": said.detail,
        "mend": said.mend if finding.weight is not Weight.OK else "",
    }
