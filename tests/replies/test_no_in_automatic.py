"""A no in the same sentence as an absence: programs write for people, and the no is theirs."""

import pytest

from crm.replies.classify import classify
from crm.replies.verdicts import MailKind, Sub
from tests.replies.mails import mail

AUTO = "Auto-Submitted: auto-replied"

NOES = [
    "Our shop is closed until further notice, please remove us from your mailing list.",
    "We are closed from 1 January 2027 and ask you not to mail us any more.",
    "The shop is closed until spring, so please stop sending us offers.",
    "I am out of the office until 5 January, please stop mailing me.",
    "We will not reopen, so please unsubscribe us.",
    "I am on leave until 5 January and do not want to receive your newsletter any more.",
    "For urgent matters call my colleagues, and take me off your list.",
    "Wij heropenen niet meer en willen geen mails meer ontvangen, graag uitschrijven.",
    "Wij zijn definitief gesloten en gaan niet weer open, stuur ons geen reclame meer.",
    "Ik ben afwezig tot 5 januari, stuur mij geen mails meer.",
    "Wij zijn gesloten tot maart en willen geen reclame meer.",
    "Uw mail wordt niet gelezen, meld ons af voor deze mails.",
    "Ik lees geen mails meer van u, schrijf mij uit.",
    "Wir haben nicht wieder geöffnet, bitte senden Sie uns keine Werbung mehr.",
    "Ich bin bis 5. Januar im Urlaub, bitte nehmen Sie mich aus dem Verteiler.",
    "Während meines Urlaubs und danach bitte keine Werbung mehr.",
    "Ihre E-Mail wird nicht weitergeleitet, bitte senden Sie uns keine Werbung mehr.",
    "Nous sommes fermés jusqu'au printemps, merci de ne plus nous envoyer de publicité.",
    "Je suis en congé jusqu'au 5 janvier, veuillez me désinscrire de votre liste.",
    "Nous rouvrons en mars, mais ne nous écrivez plus.",
    "Votre message ne sera pas lu, merci de nous retirer de votre liste.",
]

ABSENCES = [
    "I am out of the office until 5 January. Your e-mail will not be forwarded or read.",
    "I am on leave until 5 January and do not read e-mails; please do not reply to this message.",
    "We are closed over Christmas and do not take any orders. We reopen on 5 January.",
    "Ik ben afwezig tot 5 januari. Uw e-mail wordt niet doorgestuurd.",
    "Ik ben op vakantie, uw mail wordt niet naar mijn collega doorgestuurd en niet gelezen.",
    "Tot en met 5 januari ben ik afwezig en lees ik geen mails meer.",
    "Wegens vakantie kan ik tot 5 januari geen mails beantwoorden.",
    "Wij zijn gesloten tot 5 januari en ontvangen in die tijd geen post.",
    "Ich bin im Urlaub und lese keine E-Mails.",
    "Ich bin im Urlaub und kann in dieser Zeit keine E-Mails beantworten.",
    "Ich bin abwesend und habe keinen Zugriff auf meine E-Mails. Ihre Mail wird nicht weitergeleitet.",
    "In meiner Abwesenheit werden keine E-Mails gelesen oder weitergeleitet.",
    "Pendant mon absence je ne lis pas mes mails et ne réponds plus aux messages.",
    "Je suis en congé. Vos messages ne seront ni lus ni transférés. Merci de ne pas répondre à ce message.",
]


@pytest.mark.parametrize("text", NOES)
def test_a_no_beside_an_absence_is_asked_about(text: str) -> None:
    found = classify(mail(text, "Re: Foto's", AUTO))
    assert (found.kind, found.sub) == (MailKind.UNCLEAR, Sub.MIXED)


@pytest.mark.parametrize("text", NOES)
def test_it_is_however_the_lines_are_broken(text: str) -> None:
    words = text.split()
    for at in range(1, len(words)):
        wrapped = f"Hello,\n\n{' '.join(words[:at])}\n{' '.join(words[at:])}\n\nKind regards\nJan"
        assert classify(mail(wrapped, "Automatic reply", AUTO)).kind is MailKind.UNCLEAR, wrapped


@pytest.mark.parametrize("text", ABSENCES)
def test_what_programs_refuse_is_no_no(text: str) -> None:
    found = classify(mail(text, "Re: Foto's", AUTO))
    assert (found.kind, found.sub) == (MailKind.AUTOMATIC, Sub.OUT_OF_OFFICE)
