"""The editor's form: any number of steps, each with a kind, a delay, a subject and a text."""

from collections.abc import Mapping
from typing import Final

from werkzeug.datastructures import MultiDict

from crm.kernel.mail import Language
from crm.kernel.text import clean_block, one_line
from crm.sequences.models import StepKind
from crm.sequences.versions import MAX_DELAY, NewStep

MOST_STEPS: Final = 10
EMPTY: Final[Mapping[str, str]] = {"kind": StepKind.EMAIL.value, "delay": "0", "subject": "", "body": ""}


def draft_from(form: MultiDict[str, str]) -> tuple[str, str, list[Mapping[str, str]]]:
    """Name, language and the steps as they were typed."""
    language = form.get("language", "")
    columns = [form.getlist(name)[:MOST_STEPS] for name in ("kind", "delay", "subject", "body")]
    steps = [
        {"kind": kind, "delay": delay, "subject": subject, "body": body.replace("\r\n", "\n")}
        for kind, delay, subject, body in zip(*columns, strict=False)
    ]
    known = language if language in set(Language) else Language.NL.value
    return one_line(form.get("name", ""))[:120], known, list(steps) or [EMPTY]


def read_steps(typed: list[Mapping[str, str]]) -> tuple[list[NewStep], list[tuple[int, str]]]:
    """The steps, and what is wrong with their numbers and kinds, by step from 1."""
    steps, faults = [], []
    for number, one in enumerate(typed, 1):
        delay = one["delay"].strip()
        if not delay.isascii() or not delay.isdecimal() or int(delay) > MAX_DELAY:
            faults.append((number, f"The delay is a number of working days, 0 to {MAX_DELAY}."))
            continue
        kind = StepKind(one["kind"]) if one["kind"] in set(StepKind) else StepKind.EMAIL
        subject = one_line(one["subject"])[:200]
        steps.append(NewStep(kind, int(delay), subject, clean_block(one["body"])))
    return steps, faults
