"""Which words a step says to somebody, under which earlier mails, and from which mailbox."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import takewhile

from crm.queries.sending.due_steps import Earlier
from crm.sequences.shape import StepText, Version
from crm.sequences.texts import Words, pick


@dataclass(frozen=True, slots=True)
class Said:
    """What a mail says, before the values of its reader are filled in."""

    words: Words
    variant_id: int | None
    """None where the step has one text only."""

    thread: Sequence[Earlier]
    """Mails it stands under, oldest first. Its subject is empty only under some."""

    def changed_to(self, edited: Words | None) -> "Said":
        """The same in the words a colleague gave this mail: they are none of the texts compared."""
        if edited is None:
            return self
        return Said(Words(edited.subject or self.words.subject, edited.body), None, self.thread)


def say(
    version: Version, text: StepText, prospect_id: int, earlier: Sequence[Earlier], off: AbstractSet[int]
) -> Said:
    """Choose the text: the same for a person whenever it is asked, until somebody switches it off.

    A follow-up stands under the mails of its thread that left; where none did, it has the subject of the
    step that should have begun the thread.
    """
    words, variant_id = words_for(text, prospect_id, off)
    if words.subject:
        return Said(words, variant_id, ())
    thread = _thread(version, text, earlier)
    if thread:
        return Said(words, variant_id, thread)
    beginning = version.begins_thread(text.position)
    subject = words_for(beginning, prospect_id, off)[0].subject if beginning else ""
    return Said(Words(subject, words.body), variant_id, ())


def words_for(text: StepText, prospect_id: int, off: AbstractSet[int]) -> tuple[Words, int | None]:
    """The text of a step that somebody gets, and its id where there are several."""
    chosen = pick(text.variants, off=off, seed=prospect_id)
    return (chosen.words, chosen.id) if chosen else (Words(text.subject, text.body), None)


def mailbox_of(earlier: Sequence[Earlier], *, now_used: int) -> int:
    """Follow-ups leave from the mailbox of the first mail, whichever the sequence uses by now."""
    return earlier[0].mailbox_id if earlier else now_used


def _thread(version: Version, text: StepText, earlier: Sequence[Earlier]) -> Sequence[Earlier]:
    """The mails before in its thread; by lineage, for some may have left in older versions."""
    beginning = version.begins_thread(text.position)
    first = beginning.position if beginning else text.position
    members = {one.lineage for one in version.steps[first - 1 : text.position - 1]}
    places = [place for place, one in enumerate(earlier) if one.lineage in members]
    if not places and any(one.version_id != version.id for one in earlier):
        # Moved here: what began the thread is no step of this version, or one they were never sent.
        places = [place for place, one in enumerate(earlier) if one.begins][-1:]
    if not places:
        return ()
    rest = takewhile(lambda one: not one.begins, earlier[places[0] + 1 :])
    return [earlier[places[0]], *rest]
