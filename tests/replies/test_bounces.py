"""What servers say when they refuse mail, and what that means for the next attempt (RFC 3463, RFC 3464)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.replies.bounces import bounce_of, judge
from crm.replies.folding import fold
from crm.replies.verdicts import Hardness, Sub
from tests.replies.mails import TOKEN, mail

TABLE = """
5.1.1   | 550 5.1.1 user unknown                                        | address        | hard
5.1.10  | 550 5.1.10 RESOLVER.ADR.RecipientNotFound                     | address        | hard
5.1.10  | 556 5.1.10 recipient address has null MX                      | domain         | hard
5.1.2   | 550 host unknown                                              | domain         | hard
5.4.4   | 550 unable to route                                           | domain         | hard
5.1.6   | 551 moved                                                     | address        | hard
5.7.18  | 550 owner changed                                             | address        | hard
5.3.2   | 550 system not accepting messages                             | address        | hard
4.3.2   | 421 system not accepting messages                             | system         | soft
5.2.2   | 552 mailbox full                                              | full           | soft
4.2.2   | 452 over quota                                                | full           | soft
5.0.0   | 550 The mailbox is full                                       | full           | soft
5.2.1   | 550 account disabled                                          | disabled       | soft
4.4.2   | 421 connection dropped                                        | system         | soft
4.4.7   | 450 expired                                                   | system         | soft
5.7.1   | 554 5.7.1 blocked using zen.spamhaus.example                  | policy         | block
4.7.1   | 451 4.7.1 greylisted, try again later                         | system         | soft
5.7.28  | 550 unusual rate                                              | policy         | block
5.7.26  | 550 unauthenticated                                           | authentication | ours
5.7.515 | 550 authentication level                                      | authentication | ours
4.7.32  | 421 no alignment                                              | authentication | ours
5.7.25  | 550 no PTR                                                    | authentication | ours
5.1.8   | 550 bad sender                                                | authentication | ours
5.7.27  | 550 SPF                                                       | authentication | ours
5.3.4   | 552 too big                                                   | content        | content
5.6.1   | 554 media not supported                                       | content        | content
5.1.4   | 550 ambiguous                                                 | ambiguous      | soft
5.2.4   | 550 mailing list                                              | ambiguous      | soft
5.2.0   | 550 something about the mailbox                               | ambiguous      | soft
5.7.13  | 550 account                                                   | disabled       | soft
5.7.17  | 550 owner changed                                             | address        | hard
4.2.1   | 450 account disabled                                          | disabled       | soft
5.1.7   | 550 sender syntax                                             | authentication | ours
4.7.25  | 450 no reverse                                                | authentication | ours
5.2.3   | 552 too long for them                                         | content        | content
        | 550 5.1.1 your address 192.0.2.5 is listed                    | address        | hard
        | 550 no such user here                                         | address        | hard
        | 450 user unknown in our table, try later                      | address        | soft
        | 550 5.7.1 message rejected due to DMARC policy                | authentication | ours
5.0.0   | 550-5.1.1 account does not exist                              | address        | hard
5.7.1   | 550 5.7.1 recipient address rejected: user unknown            | address        | hard
5.7.133 | 550 5.7.133 SenderNotAuthenticatedForGroup; the sender was not authenticated | policy  | block
5.9.9   | 550 something nobody has seen                                 | system         | soft
        |                                                               | system         | soft
"""
CASES = [tuple(part.strip() for part in line.split("|")) for line in TABLE.strip("\n").splitlines()]


@pytest.mark.parametrize(("status", "said", "sub", "hardness"), CASES, ids=[f"{c[0]} {c[1]}" for c in CASES])
def test_a_refusal_is_understood(status: str, said: str, sub: str, hardness: str) -> None:
    _, found, how_hard = judge(status, fold(said))
    assert (found, how_hard) == (sub, hardness)


@pytest.mark.parametrize("address", ["192.5.1.1", "5.1.1.192", "192.0.5.1.1"])
def test_a_number_of_an_address_on_the_net_is_no_code(address: str) -> None:
    code, sub, _ = judge("", fold(f"host {address} said: try again later"))
    assert (code, sub) == ("", Sub.SYSTEM)


def test_a_code_at_the_end_of_a_sentence_is_found() -> None:
    assert judge("", fold("refused with 5.1.1."))[0] == "5.1.1"


def test_a_bounce_without_a_report_is_seen_by_its_sender_and_subject() -> None:
    found = bounce_of(mail("550 user unknown", "Undeliverable: photos", "Return-Path: <>"))
    assert found is not None
    assert (found.sub, found.hardness) == (Sub.ADDRESS, Hardness.HARD)


def test_a_person_who_writes_about_a_bounce_is_a_person() -> None:
    assert bounce_of(mail("I got 550 user unknown, is your mail broken?", "Undeliverable")) is None


def test_mail_to_the_bounce_address_that_is_no_bounce_is_none() -> None:
    assert bounce_of(mail("I am away.", "Out of office", to=f"b+{TOKEN}@p.example")) is None


def test_a_delay_is_no_failure() -> None:
    warning = (
        "Warning: message delayed 4 hours. Your message has not yet been delivered, we will keep trying."
    )
    found = bounce_of(mail(warning, "Warning: could not send message for past 4 hours", "Return-Path: <>"))
    assert found is not None
    assert (found.sub, found.hardness) == (Sub.DELAYED, Hardness.NONE)


@given(st.text(max_size=20), st.text(max_size=200))
def test_any_status_and_words_get_a_meaning(status: str, said: str) -> None:
    assert judge(status, fold(said))[2] is not Hardness.NONE
