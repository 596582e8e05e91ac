"""Who may do what: one table, and no is the answer to everything it does not name (D16, SD3)."""

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from crm.staff.models import Role


class Act(enum.StrEnum):
    """Everything a colleague can do that not everybody may."""

    SEE = "see"
    """Look at prospects, messages and sequences."""

    NOTE = "note"
    """Notes, answers, status, conversion."""

    TASK = "task"
    """Tick off what waits, or put it off: a request of somebody's rights is a task too."""

    EDIT = "edit"
    """Change what we know of prospects and companies."""

    IMPORT = "import"
    ENROL = "enrol"
    REFUSE = "refuse"
    """Write down that somebody said no."""

    PUBLISH = "publish"
    """Make and publish sequences."""

    RESOLVE = "resolve"
    """Decide on a message of which we do not know whether it left."""

    PAUSE = "pause"
    """Stop and start sending."""

    ERASE = "erase"
    EXPORT = "export"
    SETTINGS = "settings"
    STAFF = "staff"
    """Invite, change roles, disable."""


_SALES = frozenset({Act.SEE, Act.NOTE, Act.TASK, Act.EDIT, Act.IMPORT, Act.ENROL, Act.REFUSE})

ROLES: Final[Mapping[Role, frozenset[Act]]] = MappingProxyType(
    {
        Role.SALES: _SALES,
        Role.MANAGER: _SALES | {Act.PUBLISH, Act.RESOLVE, Act.PAUSE},
        Role.PRIVACY: frozenset({Act.SEE, Act.TASK, Act.REFUSE, Act.EXPORT, Act.ERASE, Act.PAUSE}),
        Role.ADMIN: frozenset(Act),
    }
)


def may(role: Role, act: Act) -> bool:
    """Tell whether the table allows it."""
    return act in ROLES.get(role, frozenset())
