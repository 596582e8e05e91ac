"""Reading the sentence beside a published address: does the page ask not to be sent offers?"""

import re
import unicodedata
from typing import Final

# What stands on contact pages and imprints, folded: lower case, no accents, straight apostrophes.
_DUTCH: Final = (
    (
        r"\b(geen|niet\s+voor)\W+(\w+\W+){0,3}?"
        r"(acquisitie|reclame|verkoop(mails?|praatjes)|aanbiedingen|spam|nieuwsbrieven|cold)"
    ),
    r"acquisitie.{0,120}(niet\s+(op\s+prijs|gewenst|toegestaan)|ongewenst|verboden)",
    r"niet\s+(gediend|gebruiken|bedoeld).{0,40}(acquisitie|reclame|commerciele|aanbiedingen)",
)
_GERMAN: Final = (
    r"\b(keine|kein|nicht\s+fur)\W+(\w+\W+){0,3}?(werbung|werbe\w*|akquise|angebote|newsletter|spam)",
    (
        r"(werbung|werbe\w+|werblich\w*|akquise|informationsmaterial\w*|infomaterial).{0,160}"
        r"(widersprochen|widersprechen|untersagt|unerwunscht|nicht\s+(erwunscht|gestattet|erlaubt))"
    ),
    r"widersprech\w*.{0,160}werb\w*",
)
_FRENCH: Final = (
    (
        r"\b(pas|aucune?|ni)\W+(de\s+|d'\s*)?(\w+\W+){0,2}?"
        r"(demarchage|prospection|publicites?|sollicitations?|spam|offres?\s+commerciales?)"
    ),
    (
        r"(demarchage|prospection|sollicitation\w*).{0,60}"
        r"(interdit\w*|refuse\w*|s'abstenir|non\s+(souhaite|desire)\w*)"
    ),
)
_ENGLISH: Final = (
    (
        r"\b(no|without|not\s+for)\W+(\w+\W+){0,3}?"
        r"(spam|soliciting|solicitations?|advertising|acquisition|marketing|sales\s+(e?mails?|pitch(es)?|calls?)|cold)"
    ),
    (
        r"(do\s+not|don'?t|please\s+refrain).{0,60}"
        r"(solicit\w*|advertis\w*|marketing|unsolicited|sales\s+(e?mails?|pitch(es)?)|commercial\s+(offers?|e?mails?))"
    ),
    r"unsolicited.{0,60}(not\s+(welcome|accepted|wanted)|prohibited|unwelcome|deleted)",
)
_DECLINES: Final = re.compile("|".join((*_DUTCH, *_GERMAN, *_FRENCH, *_ENGLISH)), re.DOTALL)
_LONGEST: Final = 2_000  # characters; the column holds 500
_CURLY: Final = "\N{RIGHT SINGLE QUOTATION MARK}"


def declines_offers(wording: str) -> bool:
    """Tell whether a sentence asks not to be sent offers, in nl, de, fr or en. A colleague reads it too."""
    decomposed = unicodedata.normalize("NFKD", wording[:_LONGEST].casefold().replace(_CURLY, "'"))
    return bool(_DECLINES.search("".join(char for char in decomposed if not unicodedata.combining(char))))
