"""A sequence in lines for a terminal."""

from collections.abc import Iterator, Sequence

from crm.compose.differences import Line, Mark, differences
from crm.queries.pages.arms import Compared
from crm.queries.pages.on_their_way import Affected
from crm.queries.pages.versions_of import Published
from crm.sequences.changes import StepChange, What
from crm.sequences.drafts import Kept
from crm.sequences.models import Sequence as SequenceRow
from crm.sequences.plain import NAMES, heading, plain
from crm.sequences.wilson import FEWEST
from crm.workflows.series.look_at_draft import Look

_SIGNS = {Mark.SAME: "  ", Mark.GONE: "- ", Mark.NEW: "+ "}
_BRACES = {Mark.GONE: ("[-", "-]"), Mark.NEW: ("{+", "+}")}


def heads(row: SequenceRow, published: Sequence[Published], kept: Kept | None) -> Iterator[str]:
    """The sequence, its versions, its draft."""
    state = "archived" if row.archived_at else "paused" if row.paused_at else "in use"
    yield f"{row.id}  {row.name}  ({row.language}, {state})"
    for one in published:
        by = f" by {one.by}" if one.by else ""
        yield f"  version {one.number}, {one.at:%Y-%m-%d}{by}: {one.active} on their way, {one.sent} sent"
    if kept is not None:
        yield f"  draft {kept.revision}, saved {kept.edited_at:%Y-%m-%d %H:%M} UTC"


def arms(found: Sequence[Compared]) -> Iterator[str]:
    """Texts beside each other; openings play no part."""
    for step in found:
        yield f"Texts of step {step.step.position} (replies, 95 % interval):"
        for arm in step.arms:
            share = arm.replied
            between = f"{100 * share.interval.low:.0f} to {100 * share.interval.high:.0f} %"
            off = "  (off)" if arm.is_off else ""
            rate = between if share.whole >= FEWEST else "no rate below 10"
            yield f"  {arm.variant.letter}  {share.part} of {share.whole}  {rate}{off}"
        best = step.winner
        yield (
            f"  Text {best.variant.letter} gets more replies."
            if best
            else "  No difference can be told yet: the intervals overlap, or too few people got them."
        )


def faults(found: Sequence[tuple[int, str]]) -> Iterator[str]:
    """What keeps it from being published."""
    if found:
        yield "Before it can be published:"
    for step, words in found:
        yield f"  step {step}: {words}" if step else f"  {words}"


def look(found: Look, names: Sequence[Affected], *, moved: bool) -> Iterator[str]:
    """Everything to be seen before publishing."""
    yield from faults(found.faults)
    if found.sender:
        yield "\nWho it comes from, for those who have had no mail yet:"
        yield from (f"  {_line(line)}" for line in found.sender)
    for change in found.changes:
        yield from _change(change)
    for reader in found.readers:
        yield f"\nAs {reader.person.name or reader.person.address} ({reader.person.company}) would read it:"
        if not reader.readings:
            yield "  nothing differs for them"
        for reading in reader.readings:
            yield f"  step {reading.position}:"
            yield from (f"    {_line(line)}" for line in reading.lines)
    how = "moved, they go on with" if moved else "with --move they would go on with"
    yield f"\n{len(names)} on their way" + (f"; {how}:" if names else ".")
    for one in names:
        step = found.new.step(one.goes_on_at)
        then = f"step {step.position}, {NAMES[step.kind].lower()}" if step else "nothing is left"
        then = "stays: a mail of theirs is leaving" if one.stays else then
        yield f"  {one.one.name}, {one.one.company}: {then}"
    if names and not moved:
        yield "They keep the version they have; only new people get this one."


def _change(one: StepChange) -> Iterator[str]:
    step = one.new or one.old
    assert step is not None
    yield f"\n{heading(one.position, step)}  [{one.what.value}]"
    if one.old and one.delay_differs:
        yield f"  was: {heading(one.old.position, one.old)}"
    if one.moved_from:
        yield f"  stood at place {one.moved_from} before"
    if one.what is What.SAME:
        return
    before = plain([one.old]).partition("\n")[2] if one.old else ""
    after = plain([one.new]).partition("\n")[2] if one.new else ""
    yield from (f"  {_line(line)}" for line in differences(before, after))


def _line(line: Line) -> str:
    """A line with its sign; words that make the difference in braces, unless it is the whole line."""
    whole = len(line.pieces) == 1
    words = "".join(
        piece.text
        if whole or piece.mark is Mark.SAME
        else f"{_BRACES[piece.mark][0]}{piece.text}{_BRACES[piece.mark][1]}"
        for piece in line.pieces
    )
    return f"{_SIGNS[line.mark]}{words}".rstrip()
