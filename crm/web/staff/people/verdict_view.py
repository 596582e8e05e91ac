"""The "may we write?" card in words, from what the gate says."""

from datetime import datetime
from typing import Any, Final

from crm.permission.findings import Decision, Finding, Verdict
from crm.permission.reasons import Weight
from crm.permission.words import Explanation, explain, explained, refused_by_company
from crm.queries.pages.prospect import Sheet
from crm.web.staff import times, words
from crm.web.staff.people.mending import Way, way_of

_SENTENCES: Final = {Verdict.ALLOW: "Yes, you may", Verdict.WAIT: "Not yet", Verdict.DENY: "No"}
_SERIES_ONLY: Final = "This holds back sequences, not a mail by hand."
_HAND_ONLY: Final = "This holds back a mail by hand."


def verdict(sheet: Sheet, now: datetime) -> dict[str, Any]:
    """The card on their page: one sentence, three acts, every reason with its proof and its mending.

    What stops a sequence need not stop a colleague: where the two differ, sentence and reasons say so.
    """
    series, by_hand = sheet.may_write, sheet.may_write_by_hand
    head = _head(series, now)
    if by_hand.allows and not series.allows:
        more = f"{_title(series)}. No sequence writes to them now; you may."
        head = {"state": words.VERDICT[Verdict.WAIT], "sentence": "Only by hand", "more": more}
    return {
        **head,
        "acts": [
            _act("Answer", sheet.may_answer),
            _act("By hand", by_hand),
            _act("Sequence", series),
        ],
        "reasons": _of_both(series, by_hand, sheet.person.id),
        "no_series": _title(series) if series.verdict is Verdict.DENY else "",
        "no_letter": "" if by_hand.allows else _title(by_hand),
    }


def of_letter(decision: Decision, prospect_id: int, now: datetime) -> dict[str, Any]:
    """The card beside a mail that is being written: what will be asked when it is sent."""
    return {**_head(decision, now), "acts": [], "reasons": _of_both(decision, decision, prospect_id)}


def _head(decision: Decision, now: datetime) -> dict[str, str]:
    more = "" if decision.allows else _title(decision)
    if decision.verdict is Verdict.WAIT and decision.retry_at:
        start = times.inside(times.short(decision.retry_at, now))
        more = f"{more}. A new mail may go from {start}."
    return {"state": words.VERDICT[decision.verdict], "sentence": _SENTENCES[decision.verdict], "more": more}


def _title(decision: Decision) -> str:
    return explain(decision.reasons[0]).title if decision.reasons else ""


def _act(name: str, decision: Decision) -> dict[str, str]:
    return {"state": words.VERDICT[decision.verdict], "name": name, "note": _note(decision)}


def _note(decision: Decision) -> str:
    if decision.allows:
        return "any time"
    return explain(decision.reasons[0]).short if decision.reasons else ""


def _of_both(series: Decision, by_hand: Decision, prospect_id: int) -> list[dict[str, Any]]:
    """Every reason once, those against a mail by hand alone in front of what speaks for it."""
    in_series, in_hand = ({one.reason for one in decision.against} for decision in (series, by_hand))
    only = [pair for pair in explained(by_hand) if pair[0].reason in in_hand - in_series]
    rest = [pair for pair in explained(series) if pair[0].reason not in in_hand - in_series]
    scopes = dict.fromkeys(in_series - in_hand, _SERIES_ONLY) | dict.fromkeys(in_hand - in_series, _HAND_ONLY)
    is_companys_no = refused_by_company(series)
    return [
        _reason(
            one, said, scopes.get(one.reason, ""), way_of(one, prospect_id, is_companys_no=is_companys_no)
        )
        for one, said in (*only, *rest)
    ]


def _reason(finding: Finding, said: Explanation, scope: str, way: Way | None) -> dict[str, Any]:
    return {
        "way": way if finding.weight is not Weight.OK else None,
        "state": words.WEIGHT[finding.weight],
        "text": said.title,
        "proof": f"{said.detail} {scope}".strip(),
        "mend": said.mend if finding.weight is not Weight.OK else "",
    }
