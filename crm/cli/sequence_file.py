"""A draft as a file that people edit: TOML, written so that reading it back changes nothing."""

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from crm.kernel.errors import CrmError
from crm.kernel.mail import Language
from crm.sequences.drafts import TypedStep
from crm.sequences.models import StepKind
from crm.sequences.shape import Version
from crm.sequences.texts import MOST_TEXTS, Words


class FileFaultError(CrmError):
    """The file is no draft; says where."""


@dataclass(frozen=True, slots=True)
class DraftFile:
    """What such a file says."""

    name: str
    language: Language
    sent_from: str
    """Address of a mailbox; empty: the one it has, or the first."""

    revision: int
    """Of the draft it was written from; 0: there was none."""

    steps: tuple[TypedStep, ...]


def written(draft: DraftFile) -> str:
    """The file."""
    return "\n".join(_lines(draft)) + "\n"


def _lines(draft: DraftFile) -> Iterator[str]:
    yield f"name = {json.dumps(draft.name, ensure_ascii=False)}"
    yield f'language = "{draft.language.value}"'
    yield f"sent_from = {json.dumps(draft.sent_from)}"
    yield f"revision = {draft.revision}  # leave it: it tells whether a colleague saved since"
    for step in draft.steps:
        yield ""
        yield "[[step]]"
        yield f'kind = "{step.kind.value}"  # email, task or wait'
        yield f"delay = {json.dumps(step.delay)}  # working days"
        if step.lineage is not None:
            yield f"lineage = {step.lineage}  # leave it: it says which step this is"
        if step.kind is not StepKind.WAIT:
            for words in step.texts:
                yield "[[step.text]]"
                if step.kind is StepKind.EMAIL:
                    yield f"subject = {json.dumps(words.subject, ensure_ascii=False)}"
                yield f"body = {_block(words.body)}"


def _block(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"""', '""\\"')
    return f'"""\n{escaped}\n"""'


def read(text: str, base: Version | None) -> DraftFile:
    """Read a file. Where no step says which one it is, those of the same place and kind are the same.

    Raises:
        FileFaultError: it is no TOML, or not of this shape.
    """
    try:
        found = tomllib.loads(text)
        steps = tuple(_step(one) for one in found.get("step", []))
        draft = DraftFile(
            name=str(found["name"]),
            language=Language(found.get("language", "nl")),
            sent_from=str(found.get("sent_from", "")),
            revision=int(found.get("revision", 0)),
            steps=steps,
        )
    except tomllib.TOMLDecodeError as error:
        raise FileFaultError(f"This is no TOML: {error}.") from error
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise FileFaultError(
            f"This is no draft of a sequence: {error}. `sequence draft` prints one."
        ) from error
    if any(step.lineage is not None for step in steps) or base is None:
        return draft
    return replace(draft, steps=tuple(_same_place(place, step, base) for place, step in enumerate(steps, 1)))


def _step(found: dict[str, Any]) -> TypedStep:
    texts = tuple(
        Words(str(one.get("subject", "")), str(one.get("body", "")).strip())
        for one in found.get("text", [])[:MOST_TEXTS]
    )
    lineage = found.get("lineage")
    return TypedStep(
        StepKind(found["kind"]),
        str(found.get("delay", 0)),
        texts or (Words("", ""),),
        int(lineage) if lineage is not None else None,
    )


def _same_place(place: int, step: TypedStep, base: Version) -> TypedStep:
    known = base.step(place)
    return replace(step, lineage=known.lineage) if known and known.kind is step.kind else step
