"""What a page hands down so that a no can be written and a person forgotten."""

from crm.web.context import services
from crm.workflows.refusals.erase import Shelves
from crm.workflows.refusals.patience import PATIENCE
from crm.workflows.refusals.refuse import Desk


def desk(*, patience: float = PATIENCE) -> Desk:
    """The database, the keys and the journal of this installation."""
    return services().refusal_desk(patience=patience)


def shelves() -> Shelves:
    """Where files of a person may lie."""
    return Shelves(services().settings.var, services().sent_mail)
