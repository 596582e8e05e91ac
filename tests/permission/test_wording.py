"""Pages that ask not to be sent offers, and pages that invite them."""

import pytest

from crm.permission.wording import declines_offers

GERMAN_IMPRINT = (
    "Der Nutzung von im Rahmen der Impressumspflicht veröffentlichten Kontaktdaten durch Dritte zur "
    "Übersendung von nicht ausdrücklich angeforderter Werbung wird hiermit ausdrücklich widersprochen."
)
DECLINE = [
    "Geen acquisitie a.u.b.",
    "GEEN RECLAME",
    "Geen ongevraagde reclame of aanbiedingen",
    "Acquisitie naar aanleiding van deze pagina wordt niet op prijs gesteld",
    "Dit adres is niet bedoeld voor commerciële aanbiedingen",
    GERMAN_IMPRINT,
    "Keine Werbung!",
    "keine unaufgeforderten Angebote",
    "Pas de démarchage commercial",
    "Merci de ne pas envoyer de publicité",
    "Démarchage interdit",
    "Prospection commerciale : s\N{RIGHT SINGLE QUOTATION MARK}abstenir",
    "no spam please",
    "Please do not send unsolicited offers",
    "We don\N{RIGHT SINGLE QUOTATION MARK}t accept sales emails",
]
INVITE = [
    "Aanbiedingen van leveranciers zijn welkom op inkoop@winkel.example",
    "Voor zakelijke voorstellen: info@winkel.example",
    "Geen vragen? Mail ons gerust",
    "Angebote von Lieferanten bitte an einkauf@laden.example",
    "Werbung schalten? Schreiben Sie uns",
    "Propositions commerciales : achats@boutique.example",
    "Pour toute offre, contactez-nous",
    "Suppliers: send your offer to buying@shop.example",
    "No question is too small: marketing@shop.example",
    "",
]


@pytest.mark.parametrize("wording", DECLINE)
def test_this_page_declines(wording: str) -> None:
    assert declines_offers(wording)


@pytest.mark.parametrize("wording", INVITE)
def test_this_page_does_not(wording: str) -> None:
    assert not declines_offers(wording)
