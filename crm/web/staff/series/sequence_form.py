"""The editor's form: any number of steps, each with a kind, a delay, and up to four texts."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from werkzeug.datastructures import MultiDict

from crm.kernel.mail import Language
from crm.kernel.text import clean_block, one_line, whole_number
from crm.permission.budgets import Budgets
from crm.sequences.drafts import MOST_STEPS, Typed, TypedStep
from crm.sequences.models import StepKind
from crm.sequences.texts import MOST_TEXTS, Words

_NEW = {"add_mail": StepKind.EMAIL, "add_task": StepKind.TASK, "add_wait": StepKind.WAIT}
_MOST_CHARACTERS = 40_000


def typed_from(form: MultiDict[str, str], *, mailbox_id: int) -> Typed:
    """What was typed, as it was; `mailbox_id` where none was chosen."""
    language = form.get("language", "")
    return Typed(
        name=one_line(form.get("name", ""))[:120],
        language=Language(language) if language in set(Language) else Language.NL,
        mailbox_id=whole_number(form.get("mailbox_id")) or mailbox_id,
        steps=tuple(_steps(form)) or (TypedStep(),),
    )


def _steps(form: MultiDict[str, str]) -> list[TypedStep]:
    """Every step says how many texts it has; they stand in one row for all steps."""
    subjects = iter(form.getlist("subject"))
    bodies = iter(form.getlist("body"))
    delays, lineages, counts = (iter(form.getlist(name)) for name in ("delay", "lineage", "texts"))
    found = []
    for kind in form.getlist("kind")[:MOST_STEPS]:
        number = min(max(whole_number(next(counts, "1")) or 1, 1), MOST_TEXTS)
        texts = tuple(
            Words(one_line(next(subjects, ""))[:200], _block(next(bodies, ""))) for _ in range(number)
        )
        found.append(
            TypedStep(
                StepKind(kind) if kind in set(StepKind) else StepKind.EMAIL,
                one_line(next(delays, "0"))[:10],
                texts,
                whole_number(next(lineages, "")),
            )
        )
    return found


def _block(text: str) -> str:
    return clean_block(text[:_MOST_CHARACTERS])


def changed(typed: Typed, act: str, budgets: Budgets) -> tuple[Typed, int] | None:
    """The draft after an act of the editor, and the step to look at then; None: it is no such act.

    `add_mail`, `add_task`, `add_wait`; and with the number of a step (and of its text): `remove:2`, `up:2`,
    `down:2`, `text:2`, `untext:2:3`.
    """
    steps = list(typed.steps)
    if act in _NEW:
        if len(steps) >= MOST_STEPS:
            return typed, len(steps)
        steps.append(TypedStep(_NEW[act], str(_gap(steps, budgets))))
        return replace(typed, steps=tuple(steps)), len(steps)
    verb, *numbers = act.split(":")
    places = [number for one in islice(numbers, 2) if (number := whole_number(one))]
    if not places or not 1 <= places[0] <= len(steps):
        return None
    kept = _moved(steps, verb, places[0]) or _reworded(steps, verb, places)
    return None if kept is None else (replace(typed, steps=tuple(kept[0])), kept[1])


def _gap(steps: Sequence[TypedStep], budgets: Budgets) -> int:
    """Working days proposed before one more step: more after each mail that is there."""
    mails = sum(one.kind is StepKind.EMAIL for one in steps)
    gaps = (budgets.step_gap_second, budgets.step_gap_third, budgets.step_gap_later)
    return gaps[min(max(mails - 1, 0), len(gaps) - 1)]


def _moved(steps: list[TypedStep], verb: str, place: int) -> tuple[Sequence[TypedStep], int] | None:
    if verb == "remove":
        return (steps[: place - 1] + steps[place:]) or steps, max(place - 1, 1)
    if verb in {"up", "down"}:
        other = place - 1 if verb == "up" else place + 1
        if 1 <= other <= len(steps):
            steps[place - 1], steps[other - 1] = steps[other - 1], steps[place - 1]
            place = other
        return steps, place
    return None


def _reworded(steps: list[TypedStep], verb: str, places: list[int]) -> tuple[Sequence[TypedStep], int] | None:
    step = steps[places[0] - 1]
    texts = list(step.texts)
    if verb == "text" and len(texts) < MOST_TEXTS:
        texts.append(Words(texts[0].subject, texts[0].body))
    elif verb == "untext" and len(places) == 2 and 1 <= places[1] <= len(texts) > 1:
        del texts[places[1] - 1]
    elif verb not in {"text", "untext"}:
        return None
    steps[places[0] - 1] = replace(step, texts=tuple(texts))
    return steps, places[0]
