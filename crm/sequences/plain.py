"""A sequence as plain text, to be read and to be compared."""

from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from crm.sequences.models import StepKind
from crm.sequences.texts import LETTERS, Words

NAMES: Final = {StepKind.EMAIL: "Mail", StepKind.TASK: "Task", StepKind.WAIT: "Wait"}


class Readable(Protocol):
    """A step, published, typed or about to be."""

    @property
    def kind(self) -> StepKind:
        """What it does."""

    @property
    def delay(self) -> int | str:
        """Working days."""

    @property
    def words(self) -> Sequence[Words]:
        """Its texts."""


def plain(steps: Sequence[Readable]) -> str:
    """All steps, each with its texts."""
    return "\n".join(line for number, step in enumerate(steps, 1) for line in _step(number, step))


def heading(number: int, step: Readable) -> str:
    """`2. Mail, after 3 working days`."""
    days = f"{step.delay} working day{'' if str(step.delay) == '1' else 's'}"
    when = "for" if step.kind is StepKind.WAIT else "after"
    first = number == 1 and str(step.delay) == "0"
    return f"{number}. {NAMES[step.kind]}, {'at once' if first else f'{when} {days}'}"


def _step(number: int, step: Readable) -> Iterator[str]:
    yield heading(number, step)
    if step.kind is StepKind.WAIT:
        yield ""
        return
    for letter, words in zip(LETTERS, step.words, strict=False):
        if len(step.words) > 1:
            yield f"Text {letter}"
        if step.kind is StepKind.EMAIL:
            yield f"Subject: {words.subject or '(same thread)'}"
            yield ""
        yield from words.body.splitlines()
        yield ""
