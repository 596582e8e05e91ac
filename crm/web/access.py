"""Who may call which page: said beside each view, and refused where nothing is said (D16)."""

import enum
from collections.abc import Callable
from typing import Final, TypeVar

from crm.staff.roles import Act

View = TypeVar("View", bound=Callable[..., object])

_ATTRIBUTE: Final = "crm_access"
_AT_MOST: Final = "crm_at_most"


class Open(enum.StrEnum):
    """Pages that ask for no log-in."""

    ANYBODY = "anybody"
    """Public pages; they never look at a cookie."""

    SIGNED = "signed"
    """Hooks: the body's signature is the proof."""

    DOOR = "door"
    """The log-in itself: no session yet, but only from our own pages."""


Access = Act | Open


def allows(access: Access, *, at_most: int | None = None) -> Callable[[View], View]:
    """Say who may call a view. Staff pages name the act that the table in `crm.staff.roles` must allow.

    `at_most`: bytes that may be sent to it, where the two megabytes of a form are too few. Said here: whoever
    looks for the form's token reads all of it before the view is called.
    """

    def mark(view: View) -> View:
        setattr(view, _ATTRIBUTE, access)
        setattr(view, _AT_MOST, at_most)
        return view

    return mark


def most_bytes_of(view: Callable[..., object]) -> int | None:
    """What may be sent to a view, in bytes; None where the program's own limit holds."""
    found: int | None = getattr(view, _AT_MOST, None)
    return found


def access_of(view: Callable[..., object]) -> Access | None:
    """Who may call a view; None when nobody said so, and then nobody may."""
    found: Access | None = getattr(view, _ATTRIBUTE, None)
    return found
