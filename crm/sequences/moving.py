"""Where somebody goes on when they are moved to another version."""

from crm.sequences.shape import Version


def next_place(old: Version, new: Version, position: int) -> int:
    """The position in `new` for somebody whose next step in `old` is at `position`.

    A step that is behind them is never done again, wherever it stands by now: they go on after the last one
    of these. Where none of these is left they go on with their own next step, or with what stands at its
    place. Behind the end: nothing is left for them.
    """
    if position <= 1:
        return 1
    behind = {step.lineage for step in old.steps[: position - 1]}
    last = max((step.position for step in new.steps if step.lineage in behind), default=0)
    if last:
        return last + 1
    places = {step.lineage: step.position for step in new.steps}
    ahead = [places[step.lineage] for step in old.steps[position - 1 :] if step.lineage in places]
    return ahead[0] if ahead else min(position, len(new.steps) + 1)
