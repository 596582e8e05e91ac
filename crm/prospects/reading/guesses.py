"""What a header means: by itself, and beside the others of its file."""

import enum
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

from crm.prospects.reading.columns import DropReason, Known, Target, folded, known, words_of


class Confidence(enum.StrEnum):
    """How sure it is what a column is."""

    SURE = "sure"
    """A name that means nothing else."""

    LIKELY = "likely"
    """A known name with words around it."""

    GUESS = "guess"
    """A known word somewhere in it: a person should look."""

    CHOSEN = "chosen"
    """A person said so."""


class Guess(NamedTuple):
    """What one column seems to be."""

    meaning: Target | DropReason
    confidence: Confidence
    rank: int = 0
    """Among names that are equally sure; 0 is preferred."""

    @property
    def order(self) -> tuple[int, int]:
        """Sorts the best guess first."""
        return _ORDER.index(self.confidence), self.rank


_ORDER: Final = tuple(Confidence)
# Its export calls the profile "URL", in every language.
_LINKEDIN: Final = frozenset({"connectedon", "verbondenop", "vernetztam", "verbundenam", "connectele"})
_NAMES: Final = frozenset({"name", "naam", "nom"})
_PARTS_OF_NAMES: Final = frozenset(
    {"firstname", "lastname", "voornaam", "achternaam", "vorname", "nachname", "prenom"}
)


def guesses(headers: Sequence[str]) -> list[Guess]:
    """What each header means, in order; several may mean the same."""
    names = frozenset(map(folded, headers))
    return [_beside(names, folded(header)) or _alone(words_of(header), known()) for header in headers]


def _alone(words: list[str], names: Known) -> Guess:
    name = "".join(words)
    return (
        _whole(name, Confidence.SURE, names)
        or _part(name, Confidence.LIKELY, names, DropReason)
        or _whole(_unwrapped(words, names), Confidence.LIKELY, names)
        or _part(name, Confidence.GUESS, names, Target)
        or Guess(DropReason.UNKNOWN, Confidence.GUESS)
    )


def _whole(name: str, confidence: Confidence, names: Known) -> Guess | None:
    if name in names.dropped:
        return Guess(names.dropped[name], confidence)
    found = names.columns.get(name)
    return Guess(found[0], confidence, found[1]) if found else None


def _part(
    name: str, confidence: Confidence, names: Known, kind: type[Target] | type[DropReason]
) -> Guess | None:
    found = (meaning for part, meaning in names.parts if part in name and isinstance(meaning, kind))
    meaning = next(found, None)
    return Guess(meaning, confidence) if meaning else None


def _unwrapped(words: list[str], names: Known) -> str:
    while len(words) > 1 and words[0] in names.before:
        words = words[1:]
    while len(words) > 1 and words[-1] in names.after:
        words = words[:-1]
    return "".join(words)


def _beside(names: AbstractSet[str], name: str) -> Guess | None:
    """Names that mean one thing in one file and another in the next."""
    if name == "url" and names & _LINKEDIN:
        return Guess(DropReason.SOCIAL, Confidence.LIKELY)
    columns = known().columns
    targets = {columns[other][0] for other in names if other in columns}
    if name not in _NAMES or Target.COMPANY in targets:
        return None
    has_parts = bool(names & _PARTS_OF_NAMES)
    if name == "nom" and has_parts:
        return None
    return Guess(Target.COMPANY if has_parts else Target.NAME, Confidence.GUESS)
