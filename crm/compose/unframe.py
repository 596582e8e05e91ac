"""What the writer typed, out of a finished letter: for whoever takes one back and goes on writing."""

from crm.compose.markup import RULE
from crm.compose.notices import objection
from crm.kernel.mail import Language


def body_of(text: str, *, first_contact: bool) -> str:
    """The letter of a plain part without its frame; values stand where the template named them.

    A writer's own dashes stay: the frame's are the last ones. `first_contact`: the notice is in it as well.
    """
    whole = text.replace("\r\n", "\n")
    letter, rule, _ = whole.rpartition(f"\n\n{RULE}\n")
    letter = letter if rule else whole
    if first_contact:
        for language in Language:
            words = objection(language)[0].words
            before, found, _ = letter.rpartition(f"\n\n{words}\n")
            if found:
                return before.strip()
    return letter.strip()
